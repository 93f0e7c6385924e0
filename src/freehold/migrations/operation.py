"""One statement of a plan: its text, where it stands among the others, and what it locks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from freehold.catalog import Key
from freehold.migrations.script import Batches, Index


class Phase(IntEnum):
    """The order in which things are made; what is dropped goes first, in the opposite order."""

    SCHEMA = 1
    TYPE = 2
    SEQUENCE = 3
    FUNCTION = 4
    TABLE = 5
    COLUMN = 6
    CONSTRAINT = 7
    FOREIGN_KEY = 8
    INDEX = 9
    RELATION_FUNCTION = 10
    """Functions whose signature or body names tables."""
    VIEW = 11
    SEQUENCE_OWNER = 12
    ROW_SECURITY = 13
    POLICY = 14
    TRIGGER = 15
    COMMENT = 16
    DEFAULT_PRIVILEGE = 17
    GRANT = 18
    """Last: nobody reaches a table before its row security is forced and its policies exist."""


class Stage(IntEnum):
    """Which units of a revision come first; all but three stages give each of their operations a unit of its own."""

    EARLY = 1
    """Values of enums: nothing can use one before it is committed."""
    DROP_INDEX = 2
    MAIN = 3
    """One transaction for all that takes no longer than a moment."""
    FILL = 4
    INDEX = 5
    VALIDATE = 6
    FINISH = 7
    """One transaction for what the rows are now known to fulfil."""
    REFER = 8
    """One transaction for foreign keys to what `FINISH` made unique."""
    REFER_VALIDATE = 9
    LAST = 10
    """One transaction for comments on what came late, and to close to the owner what was open to it meanwhile."""

    @property
    def together(self) -> bool:
        """Whether its operations are one unit."""
        return self in {Stage.MAIN, Stage.FINISH, Stage.REFER, Stage.LAST}


class Lock(StrEnum):
    """What a statement locks, and whether it reads or rewrites the table meanwhile (PostgreSQL manual, 13.3)."""

    NONE = "no table lock"
    NEW = "a new table only"
    SHARE = "SHARE, reads the table"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    SHARE_ROW_EXCLUSIVE_SCAN = "SHARE ROW EXCLUSIVE, reads the table"
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE, reads the table"
    SHARE_UPDATE_EXCLUSIVE_BRIEF = "SHARE UPDATE EXCLUSIVE, brief"
    ROWS = "ROW EXCLUSIVE, the rows of one batch at a time"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE, brief"
    ACCESS_EXCLUSIVE_SCAN = "ACCESS EXCLUSIVE, reads the table"
    ACCESS_EXCLUSIVE_REWRITE = "ACCESS EXCLUSIVE, rewrites the table"


@dataclass(frozen=True, slots=True)
class Operation:
    """``key`` is of the fact it serves; ``rank`` orders within a phase before the key does."""

    phase: Phase
    key: Key
    sql: str
    lock: Lock = Lock.NONE
    rank: int = 0
    drop: bool = False
    stage: Stage = Stage.MAIN
    about: Index | Batches | None = None

    @property
    def order(self) -> tuple[int, int, int, int, Key]:
        """Where it stands; operations of equal order keep the order they were planned in."""
        sign = -1 if self.drop else 1
        return self.stage, sign, sign * self.phase, sign * self.rank, self.key
