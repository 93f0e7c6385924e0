"""HTML from the templates. What is filled in is escaped, and a name that nothing was given for is an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from examples.coding_agents.schemas import TaskOut
from examples.coding_agents.web.asset import ASSETS
from examples.coding_agents.web.browser import browser_of
from freehold.actions import Form

_LONGEST_NAME: Final = 120
_PROVIDERS: Final = {"github": "GitHub", "openai": "OpenAI", "aigateway": "AI Gateway"}
_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, **values: object) -> str:
    """The page that ``template`` makes of ``values``."""
    return _TEMPLATES.get_template(template).render(values)


def _asset(name: str) -> str:
    return ASSETS[name].address


def _wrong(form: Form, name: str) -> str | None:
    """What is wrong with a field, or with something in it."""
    return next((each.message for each in form.errors if f"{each.pointer}/".startswith(f"/{name}/")), None)


def _first(form: Form, name: str) -> bool:
    """Whether the field is the first that something is wrong with: it has the focus then."""
    return bool(form.errors) and f"{form.errors[0].pointer}/".startswith(f"/{name}/")


def _name_of(task: TaskOut) -> str:
    return task.title or next(iter(task.prompt.splitlines()), "")[:_LONGEST_NAME] or "Untitled"


def provider_of(name: str) -> str:
    """A provider's name as it writes itself."""
    return _PROVIDERS.get(name, name.capitalize())


cast(dict[str, Any], _TEMPLATES.globals).update(
    asset=_asset, wrong=_wrong, first=_first, name_of=_name_of, browser_of=browser_of, provider_of=provider_of
)
