"""An application's own errors: declared with the action, so that its callers know them by type."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import ClassVar, Final

from freehold.errors import ActionError, Code, DeclarationError, FieldError

_SLUG: Final = re.compile(r"[a-z][a-z0-9_]{1,63}")
_EXAMPLE: Final = 'class TaskRunning(Refusal, status=409, code="task_running", title="The task is running"): ...'


class Refusal(ActionError):  # noqa: N818 - so that its subclasses may be named for what they are
    """Why an action did not do what was asked.

    Subclass it once for each reason a caller would tell apart::

        class TaskRunning(Refusal, status=409, code="task_running", title="The task is running"): ...

    and name the subclass in the action's ``errors``. ``detail`` is for this occurrence, ``pointers`` say which fields
    are at fault; all of it is shown to the caller. Raises `DeclarationError` (FH110) for a class that says too little.
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    slug: ClassVar[str] = "refused"
    title: ClassVar[str] = "This was refused"

    def __init_subclass__(cls, *, status: int | None = None, code: str | None = None, title: str | None = None) -> None:
        super().__init_subclass__()
        if code is None and status is None and title is None:
            return  # a family of errors, or one that differs from its parent in name only
        if code is None or not _SLUG.fullmatch(code) or not title or status is None or not 400 <= status < 500:
            raise DeclarationError(
                Code.ACTION_SIGNATURE,
                f"The error {cls.__name__} needs a status from 400 to 499, a code of its own and a title.",
                hint=_EXAMPLE,
            )
        cls.status, cls.slug, cls.title = HTTPStatus(status), code, title

    def __init__(
        self,
        detail: str | None = None,
        *,
        pointers: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(Code.ACTION_REFUSED, detail or f"{self.title}.", hint=hint)
        self.pointers = tuple(pointers)
        self.headers = dict(headers or {})
