"""How much a process grows while it does something, from Linux's high-water mark of its resident memory."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_RESET: Final = Path("/proc/self/clear_refs")
_STATUS: Final = Path("/proc/self/status")


def memory_before() -> int | None:
    """Resident bytes now, with the high-water mark put back to them; None where the system does not tell."""
    try:
        _RESET.write_text("5")
        return _read("VmRSS")
    except OSError:
        return None


def memory_since(before: int | None) -> int | None:
    """The bytes by which the process has grown at most since `memory_before`."""
    return None if before is None else max(0, _read("VmHWM") - before)


def _read(field: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024
