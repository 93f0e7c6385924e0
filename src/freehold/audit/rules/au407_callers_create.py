"""AU407: callers may make objects."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.policies import quote_identifier, quote_literal

_DATABASE = "DO $$ BEGIN EXECUTE format('REVOKE {0} ON DATABASE %I FROM PUBLIC, {1}', current_database()); END $$"


def _check(catalog: Catalog) -> Iterator[Found]:
    logins = [catalog.roles[name] for name in (catalog.app,) if name in catalog.roles]
    for role in (*catalog.callers, *logins):
        if "SUPERUSER" in role.attributes:
            continue
        name = quote_identifier(role.name)
        for word, has in (("TEMP", role.temporary), ("CREATE", role.create)):
            if has:
                yield Found(
                    role.name,
                    f"{role.name} may make {'temporary objects' if word == 'TEMP' else 'schemas'} in the database.",
                    Fix((_DATABASE.format(word, name),), mechanical=False, superuser=True),
                    f"SELECT NOT has_database_privilege({quote_literal(role.name)}, current_database(), '{word}')",
                    word,
                )
        for schema in role.create_in:
            yield Found(
                role.name,
                f"{role.name} may make objects in schema {schema}.",
                Fix((f"REVOKE CREATE ON SCHEMA {quote_identifier(schema)} FROM PUBLIC, {name}",), superuser=True),
                f"SELECT NOT has_schema_privilege({quote_literal(role.name)}, {quote_literal(schema)}, 'CREATE')",
                schema,
            )


RULE = Rule(
    id="AU407",
    title="Callers may make objects",
    severity=Severity.ERROR,
    why="Whoever makes a table, a function or an operator in a schema that is searched puts it before what was meant. "
    "pg_temp is searched first, and TEMP on the database is everybody's by default.",
    remedy="Revoke TEMP and CREATE; freehold bootstrap does.",
    about=Catalog,
    check=_check,
    example=Example(
        "grant create on schema public to authenticated",
        "grant usage on schema public to authenticated",
        superuser=True,
    ),
)
