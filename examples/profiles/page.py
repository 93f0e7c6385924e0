"""The pages of this application as text: values in, HTML out, nothing read and nothing written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from examples.profiles.html import Html, fill, template
from examples.profiles.models import Profile
from examples.profiles.person import Person
from freehold.actions import Form, Problem

_LAYOUT: Final = template("layout")
_PROFILE: Final = template("profile")
_SIGN_IN: Final = template("sign_in")
_PERSON: Final = template("person")
_PROBLEM: Final = template("problem")
_SIGN_OUT: Final = template("sign_out")

_CHOOSE: Final = "This is a development server: choose who you are."
_NOBODY: Final = "Nobody can sign in here: the sign-in of this example is for development."
_NOTHING: Final = Html("")
_ERROR: Final = Html('<p class="error" id="full-name-error"><span class="visually-hidden">Error: </span>{message}</p>')
_INVALID: Final = Html(' aria-invalid="true" autofocus')
_DESCRIBED: Final = "full-name-hint"
_DESCRIBED_BY_ERROR: Final = "full-name-error full-name-hint"
_ALERT: Final = Html('<p class="notice bad" role="alert">{message}</p>')
_SAVED: Final = Html('<p class="notice good" role="status">Your profile is saved.</p>')


def profile(profile: Profile, form: Form, *, saved: bool = False) -> str:
    """One's own profile, with the form that changes it."""
    error = form.error("full_name")
    about_the_form = form.message if form.message and error is None else None
    content = fill(
        _PROFILE,
        name=profile.full_name or "Your profile",
        initial=(profile.full_name or profile.email)[:1].upper(),
        email=profile.email,
        value=form.value("full_name", profile.full_name or ""),
        error=fill(_ERROR, message=error) if error else _NOTHING,
        invalid=_INVALID if error else _NOTHING,
        described_by=_DESCRIBED_BY_ERROR if error else _DESCRIBED,
        notice=fill(_ALERT, message=about_the_form) if about_the_form else _SAVED if saved else _NOTHING,
        updated=f"{profile.updated_at:%-d %B %Y, %H:%M} UTC",
        updated_exactly=profile.updated_at.isoformat(),
    )
    return _page("Error: your profile" if form.errors or about_the_form else "Your profile", content, account=_SIGN_OUT)


def sign_in(people: Sequence[Person]) -> str:
    """Who may sign in, each with a button."""
    buttons = Html("".join(fill(_PERSON, id=each.id, name=each.name, email=each.email) for each in people))
    hint = _CHOOSE if people else _NOBODY
    return _page("Sign in", fill(_SIGN_IN, hint=hint, people=buttons))


def problem(problem: Problem) -> str:
    """What went wrong, and the way back."""
    reference = (f"Status {problem.status}", problem.code, f"request {problem.request_id}")
    content = fill(
        _PROBLEM,
        title=problem.title,
        detail=problem.detail or "That did not work.",
        reference=" · ".join(filter(None, reference)),
    )
    return _page(problem.title, content)


def _page(title: str, content: Html, *, account: Html = _NOTHING) -> str:
    return fill(_LAYOUT, title=title, content=content, account=account)
