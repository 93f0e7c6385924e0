"""What asks other servers is an extra: the rest of the package works without it."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import sys
from freehold.auth import ApiTokens, ApiTokenTable, DevelopmentSessions, Sessions, SessionTable, any_of
print([name for name in ("httpx", "authlib") if name in sys.modules])
from freehold.auth import Directory, IssuerTokens, SignIn
print([name for name in ("httpx", "authlib") if name in sys.modules])
"""


def test_the_extra_is_imported_only_where_it_is_used() -> None:
    """Tokens and sessions of one's own need neither HTTPX nor Authlib; signing in elsewhere does."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "['httpx', 'authlib']"]
