"""From chunks of a command's output to lines, with a bound on what is kept of a line that does not end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Stream = Literal["out", "err"]

LONGEST_LINE: Final = 1 << 14
"""Bytes."""


@dataclass(frozen=True)
class Line:
    """A line that a command printed; ``cut`` if it was longer than anybody reads."""

    stream: Stream
    text: str
    cut: bool = False


class LineSplitter:
    """Takes the chunks of one stream in order."""

    def __init__(self, stream: Stream) -> None:
        self._stream: Stream = stream
        self._rest = b""
        self._skipping = False

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that ``chunk`` completes."""
        *complete, self._rest = (self._rest + chunk).split(b"\n")
        lines = [line for each in complete if (line := self._line(each)) is not None]
        if len(self._rest) > LONGEST_LINE:
            if not self._skipping:
                lines.append(self._cut(self._rest))
            self._skipping, self._rest = True, b""
        return lines

    def end(self) -> list[Line]:
        """The last line, if nothing ended it."""
        line = self._line(self._rest) if self._rest else None
        self._rest = b""
        return [] if line is None else [line]

    def _line(self, data: bytes) -> Line | None:
        if self._skipping:
            self._skipping = False
            return None
        return self._cut(data) if len(data) > LONGEST_LINE else Line(self._stream, _text(data))

    def _cut(self, data: bytes) -> Line:
        return Line(self._stream, _text(data[:LONGEST_LINE]), cut=True)


def _text(data: bytes) -> str:
    """The part after the last carriage return is what a terminal would show."""
    return data.decode(errors="replace").rstrip("\r").rpartition("\r")[2]
