"""AU404: what is made later is granted to callers by default."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import CALLERS, Catalog
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.catalog import OWNER, Kind
from freehold.policies import quote_identifier, quote_literal

_WIDE = ("TABLES", "SEQUENCES", "SCHEMAS")


def _check(catalog: Catalog) -> Iterator[Found]:
    for fact in catalog.snapshot.of(Kind.DEFAULT_PRIVILEGE):
        owner, schema, objects, grantee, privilege = fact.key
        ours = grantee in CALLERS or (grantee == "public" and objects in _WIDE)
        if ours:
            yield _found(catalog.owner if owner == OWNER else owner, schema, objects, grantee, privilege)


def _found(maker: str, schema: str, objects: str, grantee: str, privilege: str) -> Found:
    where = f" IN SCHEMA {quote_identifier(schema)}" if schema else ""
    who = "PUBLIC" if grantee == "public" else grantee
    role = quote_identifier(maker)
    return Found(
        f"{maker} {objects.lower()}",
        f"{grantee} will have {privilege} on all {objects.lower()} that {maker} makes{f' in {schema}' if schema else ''}.",
        Fix(
            (f"ALTER DEFAULT PRIVILEGES FOR ROLE {role}{where} REVOKE {privilege} ON {objects} FROM {who}",),
            mechanical=True,
        ),
        "SELECT NOT EXISTS (SELECT FROM pg_default_acl d, aclexplode(d.defaclacl) a WHERE d.defaclrole = "
        f"{quote_literal(role)}::regrole AND a.privilege_type = '{privilege}' AND a.grantee = {_oid(grantee)})",
        f"{schema} {grantee} {privilege}",
    )


def _oid(grantee: str) -> str:
    return "0" if grantee == "public" else f"{quote_literal(quote_identifier(grantee))}::regrole"


RULE = Rule(
    id="AU404",
    title="Default privileges for callers",
    severity=Severity.ERROR,
    why="A table is open from the moment it is made until somebody enables row security, and for ever if nobody does.",
    remedy="Revoke the default; grant table by table, after row security is forced.",
    about=Catalog,
    check=_check,
    example=Example(
        "alter default privileges in schema public grant select on tables to authenticated",
        "alter default privileges in schema public grant select on tables to service_role",
    ),
    covers=("SEC044",),
)
