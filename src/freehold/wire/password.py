"""Passwords leave this process only as SCRAM verifiers, so that no statement and no server log ever holds one."""

from __future__ import annotations

from freehold.wire.connect import Connection


def scram_verifier(connection: Connection, role: str, password: str) -> str:
    """What ``ALTER ROLE role PASSWORD`` stores for ``password``, computed here (libpq's ``PQencryptPasswordConn``)."""
    return connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
