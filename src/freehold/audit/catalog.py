"""What a database says of itself, as rules ask for it: facts, and beside them keys, functions, roles and settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from typing import Any, Final, cast

from freehold.audit.definer import Definers
from freehold.audit.expression import owners
from freehold.catalog import Fact, Kind, Snapshot, read
from freehold.policies import quote_identifier
from freehold.wire import Connection, translated

CALLERS: Final = ("anon", "authenticated")
"""The roles that callers' statements run as."""

_COMMANDS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
_HOSTED_SCHEMAS: Final = (
    "cron", "extensions", "graphql", "graphql_public", "net", "pgbouncer", "pgsodium", "pgsodium_masks", "realtime",
    "storage", "supabase_functions", "supabase_migrations", "vault", "_analytics", "_realtime",
)  # fmt: skip


@dataclass(frozen=True)
class Index:
    """An index: the names of its columns in order, '' for an expression."""

    name: str
    columns: tuple[str, ...]
    unique: bool
    primary: bool
    valid: bool
    partial: bool


@dataclass(frozen=True)
class Reference:
    """A foreign key. ``target`` is ``schema.table``; ``cascades``: deleting or changing there writes here."""

    name: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    cascades: bool


@dataclass(frozen=True)
class Policy:
    """A policy of a table, with the expressions as PostgreSQL writes them; empty where there is none."""

    name: str
    table: str
    command: str
    permissive: bool
    roles: tuple[str, ...]
    using: str
    check: str

    @property
    def subject(self) -> str:
        """``schema.table.policy``."""
        return f"{self.table}.{self.name}"

    @property
    def expressions(self) -> tuple[str, ...]:
        """Those it has."""
        return tuple(each for each in (self.using, self.check) if each)

    @property
    def written(self) -> str:
        """What a new row must satisfy: the check, or USING where there is none (manual, CREATE POLICY)."""
        return self.check or self.using

    def names(self, role: str) -> bool:
        """Whether statements of ``role`` meet it."""
        return role in self.roles or "public" in self.roles

    def covers(self, command: str) -> bool:
        """Whether it is for ``command``."""
        return self.command in (command, "ALL")


@dataclass(frozen=True)
class Routine:
    """A function; ``policies`` call it. Its source is looked at, and never shown."""

    schema: str
    name: str
    arguments: str
    owner: str
    definer: bool
    volatility: str
    settings: tuple[str, ...]
    executable_by: tuple[str, ...]
    policies: tuple[str, ...]
    inside: bool
    trigger: bool
    kind: str
    signature: str
    source: str = field(repr=False)

    @property
    def subject(self) -> str:
        """``schema.name(arguments)``."""
        return f"{self.schema}.{self.name}({self.arguments})"

    @property
    def sql(self) -> str:
        """As ALTER and REVOKE name it."""
        kind = "PROCEDURE" if self.kind == "p" else "FUNCTION"
        return f"{kind} {self.signature}"


@dataclass(frozen=True)
class RoleState:
    """A role: attributes that could bypass row security, and what it may become, has, owns and create."""

    name: str
    attributes: tuple[str, ...]
    login: bool
    becomes: tuple[str, ...]
    inherits: tuple[str, ...]
    owns: tuple[str, ...]
    temporary: bool
    create: bool
    create_in: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table, with everything that decides about its rows."""

    name: str
    fact: Fact
    columns: Mapping[str, Fact]
    policies: tuple[Policy, ...]
    indexes: tuple[Index, ...]
    references: tuple[Reference, ...]
    grants: tuple[Fact, ...]

    @property
    def sql(self) -> str:
        """As statements name it."""
        return quoted(self.name)

    @property
    def bare(self) -> str:
        """Without its schema."""
        return self.fact.key[1]

    @property
    def guarded(self) -> bool:
        """Whether row security is enabled."""
        return self.fact.flag("row_security")

    @property
    def primary(self) -> tuple[str, ...]:
        """The columns of its primary key."""
        return next((index.columns for index in self.indexes if index.primary), ())

    @cached_property
    def reach(self) -> Mapping[str, frozenset[str]]:
        """By role that callers are: the privileges it has, on the table or on a column of it."""
        found: dict[str, set[str]] = {}
        for grant in self.grants:
            roles = CALLERS if grant.key[4] == "public" else (grant.key[4],)
            for role in roles:
                found.setdefault(role, set()).add(grant.key[5])
        return {role: frozenset(privileges) for role, privileges in found.items() if role in CALLERS}

    @property
    def reachable(self) -> bool:
        """Whether a caller may name it in any command."""
        return any(not privileges.isdisjoint(_COMMANDS) for privileges in self.reach.values())

    @cached_property
    def owner(self) -> str | None:
        """The column that says whose a row is, by what its policies compare with the caller; None without one."""
        sets = [owners(text) for policy in self.policies if policy.permissive for text in policy.expressions]
        named = [name for names in sets for name in sorted(names)]
        return max(named, key=named.count) if named else None

    def writable(self, role: str, command: str) -> frozenset[str]:
        """The columns that ``role`` may name in SELECT, INSERT or UPDATE."""
        whole = any(g.key[0] == "table" and g.key[5] == command and g.key[4] in (role, "public") for g in self.grants)
        if whole:
            return frozenset(self.columns)
        return frozenset(
            g.key[3]
            for g in self.grants
            if g.key[0] == "column" and g.key[5] == command and g.key[4] in (role, "public")
        )


@dataclass(frozen=True)
class Catalog:
    """A database, or what models make of an empty one. ``version`` is ``server_version_num``."""

    snapshot: Snapshot
    keys: tuple[tuple[str, str, str, str, dict[str, Any]], ...] = field(repr=False)
    routines: tuple[Routine, ...]
    roles: Mapping[str, RoleState]
    settings: tuple[tuple[str, str, str], ...] = field(repr=False)
    version: int
    owner: str
    app: str
    scratch: bool = False
    """Whether it is a scratch database: its server and logins are nobody's choice."""
    development: bool = False
    definers: Definers = field(default_factory=Definers)
    secrets: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """By table that a model declares: the columns whose values nobody can guess."""

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """Every table, partitions included."""
        return tuple(self._table(fact) for fact in self.snapshot.of(Kind.TABLE))

    @cached_property
    def by_name(self) -> Mapping[str, Table]:
        """Tables by ``schema.table``."""
        return {table.name: table for table in self.tables}

    @cached_property
    def views(self) -> tuple[tuple[Fact, frozenset[str]], ...]:
        """Views, each with the roles callers are that may read it."""
        return tuple((fact, self._readers(fact)) for fact in self.snapshot.of(Kind.VIEW))

    def executor(self, routine: Routine) -> str | None:
        """The role that the models let execute a function; None for one that no model declares as it is."""
        return self.definers.executor(self.snapshot, (routine.schema, routine.name, routine.arguments))

    def opens(self, policy: Policy) -> bool:
        """Whether a policy is one that the models' functions need."""
        return self.definers.opens(self.snapshot, (*policy.table.split(".", 1), policy.name))

    @property
    def callers(self) -> Iterator[RoleState]:
        """The roles callers' statements run as, where they exist."""
        return (self.roles[name] for name in CALLERS if name in self.roles)

    def _readers(self, fact: Fact) -> frozenset[str]:
        grants = [*self.snapshot.of(Kind.GRANT, "view", *fact.key), *self.snapshot.of(Kind.GRANT, "column", *fact.key)]
        found = {grant.key[4] for grant in grants if grant.key[5] == "SELECT"}
        return frozenset(CALLERS if "public" in found else found & set(CALLERS))

    def _table(self, fact: Fact) -> Table:
        schema, name = fact.key
        qualified = f"{schema}.{name}"
        keys = self._keys.get((schema, name), ())
        return Table(
            qualified,
            fact,
            {column.key[2]: column for column in self.snapshot.of(Kind.COLUMN, schema, name)},
            tuple(_policy(qualified, policy) for policy in self.snapshot.of(Kind.POLICY, schema, name)),
            tuple(_index(key, row) for kind, key, row in keys if kind == "index"),
            tuple(_reference(key, row) for kind, key, row in keys if kind == "reference"),
            (
                *self.snapshot.of(Kind.GRANT, "table", schema, name),
                *self.snapshot.of(Kind.GRANT, "column", schema, name),
            ),
        )

    @cached_property
    def _keys(self) -> Mapping[tuple[str, str], Sequence[tuple[str, str, dict[str, Any]]]]:
        found: dict[tuple[str, str], list[tuple[str, str, dict[str, Any]]]] = {}
        for kind, schema, table, name, row in self.keys:
            found.setdefault((schema, table), []).append((kind, name, row))
        return found


def quoted(name: str) -> str:
    """``schema.name`` as statements spell it."""
    return ".".join(quote_identifier(part) for part in name.split(".", 1))


def observe(
    connection: Connection, *, owner: str, app: str, scratch: bool = False, development: bool = False
) -> Catalog:
    """The catalog of the database ``connection`` is connected to, its transaction's changes included.

    A host's own schemas are left out. Raises `DatabaseError`.
    """
    with translated():
        schemas = _schemas(connection)
        snapshot = read(connection, owner=owner, schemas=schemas)
        roles = [*CALLERS, "service_role", app, f"{app}_service"]
        rows = {
            name: connection.execute(_sql(name), {"schemas": list(schemas), "roles": roles}).fetchall()
            for name in ("key", "routine", "role", "setting")
        }
    return Catalog(
        snapshot,
        cast("Any", tuple(rows["key"])),
        tuple(_routine(cast("Any", row)) for row in rows["routine"]),
        {str(name): _role(str(name), cast("Any", row)) for name, row in rows["role"]},
        cast("Any", tuple(rows["setting"])),
        connection.info.server_version,
        owner,
        app,
        scratch,
        development,
    )


def hosted(connection: Connection) -> bool:
    """Whether a host such as Supabase keeps schema ``auth`` in this database."""
    with translated():
        found = connection.execute(
            b"select exists (select from pg_catalog.pg_roles where rolname = 'supabase_admin') "
            b"or exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
            b"where n.nspname = 'auth' and c.relname = 'users')"
        ).fetchone()
    return found == (True,)


def _schemas(connection: Connection) -> tuple[str, ...]:
    """All but the server's, ours and, where there is one, the host's."""
    rows = connection.execute(
        b"select nspname::text from pg_catalog.pg_namespace n where nspname !~ '^pg_' "
        b"and nspname not in ('information_schema', 'auth', 'freehold') and not exists (select from pg_catalog.pg_depend e "
        b"where e.classid = 'pg_catalog.pg_namespace'::regclass and e.objid = n.oid and e.deptype = 'e') order by 1"
    ).fetchall()
    left_out = _HOSTED_SCHEMAS if hosted(connection) else ()
    return tuple(str(name) for (name,) in rows if name not in left_out)


def _sql(name: str) -> bytes:
    return files("freehold.audit").joinpath("sql", f"{name}.sql").read_bytes()


def _policy(table: str, fact: Fact) -> Policy:
    return Policy(
        fact.key[2],
        table,
        fact.text("command"),
        fact.flag("permissive"),
        fact.names("roles"),
        fact.text("using"),
        fact.text("check"),
    )


def _index(name: str, row: dict[str, Any]) -> Index:
    return Index(name, tuple(row["columns"]), row["unique"], row["primary"], row["valid"], row["partial"])


def _reference(name: str, row: dict[str, Any]) -> Reference:
    return Reference(name, tuple(row["columns"]), row["target"], tuple(row["target_columns"]), row["cascades"])


def _routine(row: tuple[str, str, str, dict[str, Any]]) -> Routine:
    schema, name, arguments, rest = row
    return Routine(schema, name, arguments, **_tuples(rest))


def _role(name: str, row: dict[str, Any]) -> RoleState:
    return RoleState(name, **_tuples(row))


def _tuples(row: dict[str, Any]) -> dict[str, Any]:
    """JSON's lists as the values of a frozen dataclass."""
    return {key: tuple(cast("list[str]", value)) if isinstance(value, list) else value for key, value in row.items()}
