"""What a peer is: one library, written as its documentation recommends, with a method for every case it takes part in.

A method is called with a `Job` and gives the row or rows, which are checked against the workload before anything is
timed. Peers that are asynchronous all run on the same event loop; the others run in threads.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from benchmarks.login import Where
from benchmarks.workload import COLUMNS, Job, Row


class Peer(ABC):
    """One library and one way of using it."""

    title: ClassVar[str]
    packages: ClassVar[tuple[str, ...]] = ()
    """Distributions whose versions are reported."""
    scoped: ClassVar[bool] = True
    """Whether its statements run as their user, under row level security."""
    threads: ClassVar[bool] = False
    """Whether its methods block, and are called from threads."""
    note: ClassVar[str] = ""

    @abstractmethod
    async def open(self, where: Where, connections: int) -> None:
        """Connects."""

    @abstractmethod
    async def close(self) -> None:
        """Disconnects."""

    def prepare(self, jobs: Sequence[Job]) -> None:  # noqa: B027 - most have nothing to prepare
        """Does what an application does once for a request, before it queries: it has verified a token, say."""

    def plain(self, row: Any) -> Row:
        """The columns of one of its rows."""
        return tuple(getattr(row, name) for name in COLUMNS)

    def cases(self) -> list[str]:
        """The cases it takes part in."""
        return [name for name in PEER_CASES if callable(getattr(self, name, None))]


PEER_CASES = ("list20", "point", "insert1", "update1", "batch3", "http_list", "insert10000", "slow", "stream")

BULK = 10_000

UNTIMED = object()
"""What a method gives back for a call whose time says nothing: the slow ones of the case ``slow``."""

SLOW_EVERY = 100


def titles() -> list[str]:
    """The titles of the rows of insert10000."""
    return [f"Written in bulk {number}" for number in range(BULK)]
