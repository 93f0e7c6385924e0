"""The posture of a login role: whether it could step around row security, and the SQL that puts it right."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from freehold.errors import Code, RoleError
from freehold.identity import Role
from freehold.policies import quote_identifier
from freehold.wire import AsyncConnection, connection_lost

_SQL: Final = files("freehold.scope").joinpath("posture.sql").read_text(encoding="utf-8")
_CALLERS: Final = frozenset({Role.ANON.value, Role.AUTHENTICATED.value})
_SERVICE: Final = frozenset({Role.SERVICE.value})


@dataclass(frozen=True)
class Posture:
    """What pg_roles and the catalogs say of the role a connection logged in with."""

    name: str
    attributes: frozenset[str]
    memberships: frozenset[str]
    inherited: frozenset[str]
    owned_tables: int

    @classmethod
    async def of(cls, connection: AsyncConnection) -> Posture:
        """Asks the server."""
        cursor = await connection.execute(_SQL.encode())
        row = await cursor.fetchone()
        if row is None:
            raise connection_lost()
        return cls(row[0], frozenset(row[1]), frozenset(row[2]), frozenset(row[3]), row[4])

    def faults(self, allowed: frozenset[str]) -> list[tuple[str, str]]:
        """What is wrong, each with the SQL that mends it; ``allowed`` are the roles it may become."""
        name = quote_identifier(self.name)
        found = [(f"it is {word}", f"ALTER ROLE {name} NO{word};") for word in sorted(self.attributes)]
        found += [
            (f"it can become {role}", f"REVOKE {quote_identifier(role)} FROM {name};")
            for role in sorted(self.memberships - allowed)
        ]
        found += [
            (f"it cannot become {role}", f"GRANT {quote_identifier(role)} TO {name};")
            for role in sorted(allowed - self.memberships)
        ]
        if "INHERIT" not in self.attributes:
            found += [
                (f"it inherits {role}", f"GRANT {quote_identifier(role)} TO {name} WITH INHERIT FALSE;")
                for role in sorted(self.inherited & allowed)
            ]
        if self.owned_tables:
            found.append(
                (f"it owns {self.owned_tables} tables", f"REASSIGN OWNED BY {name} TO <the role that migrates>;")
            )
        return found


async def inspect_login(connection: AsyncConnection) -> None:
    """Refuses a login for callers that could do more than become anon or authenticated (`RoleError`, FH310)."""
    _refuse(await Posture.of(connection), _CALLERS)


async def inspect_service(connection: AsyncConnection) -> None:
    """Refuses a login for the service that could do more than become service_role (`RoleError`, FH310)."""
    _refuse(await Posture.of(connection), _SERVICE)


def _refuse(posture: Posture, allowed: frozenset[str]) -> None:
    faults = posture.faults(allowed)
    if faults:
        raise RoleError(
            Code.ROLE_UNSAFE,
            f"The login role {posture.name!r} is not safe to serve requests with.",
            detail="; ".join(fault for fault, _ in faults),
            hint="Run as a superuser:\n    " + "\n    ".join(sql for _, sql in faults),
        )
