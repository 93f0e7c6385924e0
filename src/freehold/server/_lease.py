"""Who still uses the server: shared locks that the kernel frees when a process dies, never lists of process ids.

Two files. ``lock`` is held exclusively, and briefly, by whoever starts or stops the server. ``lease`` is held shared
by every process that uses it; who can turn that into an exclusive hold is the last one (flock(2)).
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from freehold.errors import Code, ServerError

_LONGEST_WAIT: Final = 120.0


@contextmanager
def exclusive(path: Path) -> Generator[None]:
    """Holds ``path`` against every other process and thread; waits up to two minutes, then FH305."""
    descriptor = _open(path)
    try:
        deadline = time.monotonic() + _LONGEST_WAIT
        while not _taken(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise ServerError(
                    Code.SERVER_START,
                    "Another process has been starting or stopping the embedded server for two minutes.",
                    detail=str(path),
                    hint="End that process (fuser shows it), then try again.",
                )
            time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)


class Lease:
    """A hold on the server by this process; taken and ended only inside `exclusive`."""

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = _open(path)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def last(self) -> bool:
        """Whether no other process holds a lease."""
        return self._descriptor is not None and _taken(self._descriptor, fcntl.LOCK_EX)

    def close(self) -> None:
        """Ends the hold. In a forked child it only closes the child's copy: the parent's hold stays."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _taken(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
