"""Running PostgreSQL's programs from a root process: as an account that is not root.

PostgreSQL refuses to run as root (manual 18.1). Its programs are therefore started through this very file, as a
script: it gives up root and executes the program. A script and not a ``preexec_fn``, which is unsafe in a process
with threads.

Directories of root are often closed to others (``/root`` is). Nobody's parent directory is ever opened with chmod:
where the account could not reach the files, it keeps one capability, ``CAP_DAC_OVERRIDE``, through the change of
user and through ``exec`` (capabilities(7): "Effect of user ID changes on capabilities", "Ambient capabilities").
Where the kernel refuses that, the caller reports what to chmod.

The lower half runs under ``python -I -S``: standard library only, and little of it.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import sys
from pathlib import Path
from typing import Final, NamedTuple

NO_CAPABILITY: Final = 77
NO_ACCOUNT: Final = 78

_PR_SET_SECUREBITS: Final = 28
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_RAISE: Final = 2
_SECBIT_NO_SETUID_FIXUP: Final = 1 << 2
_SECBIT_KEEP_CAPS: Final = 1 << 4
_CAP_DAC_OVERRIDE: Final = 1
_CAPABILITY_VERSION_3: Final = 0x20080522


class Account(NamedTuple):
    """Who PostgreSQL runs as when this process is root."""

    name: str
    uid: int
    gid: int


def account(data: Path) -> Account | None:
    """The account to become: the owner of ``data``, else ``postgres`` or ``nobody``. None when not root."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (found := data.stat()).st_uid != 0:
        return Account(str(found.st_uid), found.st_uid, found.st_gid)
    known = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    entry = known.get("postgres") or known.get("nobody")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid) if entry else Account("nobody", 65534, 65534)


def closed_to(who: Account, path: Path) -> tuple[Path, ...]:
    """The directories on the way to ``path``, and ``path``, that ``who`` may not search, outermost first."""
    real = path.resolve()
    return tuple(each for each in (*reversed(real.parents), real) if not may_search(who, each))


def may_search(who: Account, path: Path) -> bool:
    """Whether the permission bits of the directory ``path`` let ``who`` through."""
    found = path.stat()
    shift = 6 if found.st_uid == who.uid else 3 if found.st_gid == who.gid else 0
    return bool(found.st_mode >> shift & 0o1)


def through(who: Account, program: list[str], *, capability: bool) -> list[str]:
    """The command that runs ``program`` as ``who``; exits 77 or 78 when the kernel refuses capability or account."""
    kept = "capability" if capability else "plain"
    return [sys.executable, "-I", "-S", __file__, str(who.uid), str(who.gid), kept, *program]


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def _become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _become_with_capability(uid: int, gid: int, libc: ctypes.CDLL) -> bool:
    """Whether the kernel let ``CAP_DAC_OVERRIDE``, and nothing else, survive the change of user and ``exec``."""
    if sys.platform != "linux" or libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP | _SECBIT_KEEP_CAPS, 0, 0, 0):
        return False
    _become(uid, gid)
    header, data = _Header(_CAPABILITY_VERSION_3, 0), (_Data * 2)()
    data[0].effective = data[0].permitted = data[0].inheritable = 1 << _CAP_DAC_OVERRIDE
    if libc.capset(ctypes.byref(header), data):
        return False
    return not libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


def _run(uid: int, gid: int, kept: str, program: list[str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        if kept != "capability":
            _become(uid, gid)
        elif not _become_with_capability(uid, gid, libc):
            sys.exit(NO_CAPABILITY)
    except OSError as error:
        sys.stderr.write(f"cannot become uid {uid}: {error.strerror}\n")
        sys.exit(NO_ACCOUNT)
    if sys.platform == "linux":
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.umask(0o077)
    os.execv(program[0], program)  # noqa: S606 (a shell is what must not come between)


if __name__ == "__main__":
    _run(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
