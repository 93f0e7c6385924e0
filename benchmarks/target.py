"""What the speed of freehold is held against, as arithmetic on a run: nothing here knows a result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from benchmarks.case import CROWD, KEPT, Setting
from benchmarks.statistic import Results


@dataclass(frozen=True)
class Target:
    """``peer`` takes at most ``most`` times as long as ``against``, or is at least ``faster`` times as fast."""

    text: str
    setting: Setting
    against: str
    most: float | None = None
    faster: float | None = None
    peer: str = "freehold"
    other: Setting | None = None
    tail: bool = False
    """Whether the 99th percentiles are compared."""

    def measured(self, results: Results) -> float | None:
        """The ratio, in the direction the target is put."""
        if self.tail:
            return results.tail_ratio(self.setting, self.peer, self.other or self.setting)
        ratio = results.ratio(self.setting, self.peer, self.against, self.other)
        return ratio if ratio is None or self.faster is None else 1 / ratio

    def reached(self, results: Results) -> bool | None:
        """Whether the target is met; None where it was not measured."""
        measured = self.measured(results)
        if measured is None:
            return None
        return measured <= self.most if self.most is not None else measured >= (self.faster or 0)

    @property
    def bound(self) -> str:
        """The target as a reader says it."""
        return f"≤ {self.most:g} x" if self.most is not None else f"≥ {self.faster:g} x faster"


_LIST: Final = Setting("list20", 0, 1)
_FAR: Final = Setting("list20", 1, 1)
_CROWD: Final = Setting("list20", 0, CROWD)
_FAR_CROWD: Final = Setting("list20", 1, CROWD)
_BULK: Final = Setting("insert10000", 0, 1)
_IMPORT: Final = Setting("import", 0, 1)

TARGETS: Final = (
    Target("list of 20, direct, 1 caller", _LIST, "asyncpg_pool", most=0.9),
    Target("list of 20, direct, 1 caller", _LIST, "asyncpg_bare", most=1.15),
    Target("list of 20, direct, 1 caller", _LIST, "sqlalchemy_orm", faster=5),
    Target("list of 20, direct, 1 caller", _LIST, "drizzle", faster=5),
    Target("list of 20, ad-hoc `select()`, direct, 1 caller", _LIST, "asyncpg_bare", most=1.7, peer="freehold_adhoc"),
    *(
        Target(f"{name}, direct, 1 caller", Setting(case, 0, 1), "asyncpg_pool", most=1.0)
        for case, name in (("point", "point read"), ("insert1", "insert returning"), ("update1", "update one"))
    ),
    *(
        target
        for case in ("list20", "point", "insert1", "update1")
        for target in (
            Target(f"{case}, 1 ms, 1 caller", Setting(case, 1, 1), "asyncpg_bare", most=1.1),
            Target(f"{case}, 1 ms, 1 caller", Setting(case, 1, 1), "asyncpg_scoped", faster=3.5),
        )
    ),
    Target("batch of 3, 1 ms, against one statement", Setting("batch3", 1, 1), "freehold", most=1.15, other=_FAR),
    Target("list of 20, direct, 32 callers, 4 connections", _CROWD, "asyncpg_pool", faster=1.3),
    Target("list of 20, direct, 32 callers, 4 connections", _CROWD, "sqlalchemy_orm", faster=5),
    Target("list of 20, 1 ms, 32 callers, 4 connections", _FAR_CROWD, "asyncpg_pool", faster=8),
    Target("list of 20, 1 ms, 32 callers, 4 connections", _FAR_CROWD, "asyncpg_scoped", faster=20),
    Target(
        "`tasks.list` over HTTP, 16 connections, one worker",
        Setting("http_list", 0, KEPT),
        "fastapi_sqlalchemy",
        faster=2.5,
        peer="freehold_http",
    ),
    Target(
        "list of 20, 1 ms, 32 callers, 1 in 100 statements taking 200 ms: p99 of the others, against without",
        Setting("slow", 1, CROWD),
        "freehold",
        most=3,
        other=_FAR_CROWD,
        tail=True,
    ),
    Target("insert of 10,000 rows, against COPY without RLS", _BULK, "asyncpg_bare", faster=0.6),
    Target("`import freehold`, against `import sqlalchemy, psycopg`", _IMPORT, "sqlalchemy_psycopg", most=1.3),
)

STREAM: Final = Setting("stream", 0, 1)
STREAM_BYTES: Final = 64 * 2**20
