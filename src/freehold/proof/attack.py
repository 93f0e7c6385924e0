"""One attack: a statement, who sends it, and how one sees that it got through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from freehold.proof.caller import Caller, Session

Judge = Literal["rows", "success", "named", "oracle", "difference"]
Form = Literal["bare", "where", "returning"]


@dataclass(frozen=True, kw_only=True)
class Attack:
    """``sql`` runs as ``session``; the rest runs as the superuser of the clone, before or after it.

    ``prepare`` makes room, ``look`` reads what must not change, ``without`` removes what must not matter, ``opening``
    takes the guards away, for the control. ``own``: as many rows may be shown, because they are the caller's own.
    ``judge``: got through if rows are shown or what must not change did (``rows``), if rows were written (``success``), if there is no error (``named``),
    if PostgreSQL says that the key exists (``oracle``), or if the answer depends on the owner's rows (``difference``).
    ``expected`` None: nothing is declared; whatever is observed is as it should be.
    """

    place: str
    command: str
    form: Form
    session: Session
    what: str
    sql: str
    judge: Judge = "rows"
    prepare: str = ""
    look: str = ""
    without: str = ""
    opening: str = ""
    own: int = 0
    expected: bool | None = False

    @property
    def cell(self) -> tuple[str, str, str, Caller]:
        """The cell of the matrix it belongs to."""
        return self.place, self.command, self.form, self.session.caller


@dataclass(frozen=True)
class Outcome:
    """What an attack did: ``reached`` is whether it got through."""

    reached: bool
    how: Literal["rows", "zero_rows", "error"]
    sqlstate: str | None = None
