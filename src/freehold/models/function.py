"""Functions that run as the owner of the tables: the few things callers may do that no policy can give them.

Whoever calls such a function gets exactly what its body does, so a body is short, takes nothing it does not check, and
answers with nothing it need not. It is declared by the model it works on (``__functions__``), and travels with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

from sqlalchemy import Select, Table, column, select
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.sql.functions import Function
from sqlalchemy.types import TypeEngine

from freehold.identity import Role
from freehold.models.protection import qualified
from freehold.models.rules import rules_of
from freehold.policies import Command, quote_identifier, quote_literal

_API_ROLES: Final = "PUBLIC, anon, authenticated, service_role"
_DIALECT: Final = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]


@dataclass(frozen=True, kw_only=True)
class DefinerFunction:
    """A SECURITY DEFINER function in PL/pgSQL that gives a table of ``returns``.

    ``arguments`` and ``returns``: names and types. ``body``: from DECLARE or BEGIN to END, every name in it qualified; it
    leaves nothing on the connection, for calls share one. ``to``: who may execute it. ``opens``: what the body does to which
    tables. Row security is forced, so that not even their owner could otherwise.
    ``repeatable``: whether a call whose answer was lost may be made again.
    """

    schema: str
    name: str
    arguments: Mapping[str, TypeEngine[Any]]
    returns: Mapping[str, TypeEngine[Any]]
    body: str
    to: Role
    opens: Mapping[Table, Sequence[Command]] = field(default_factory=dict[Table, Sequence[Command]])
    repeatable: bool = False

    def call(self, *values: Any) -> Select[*tuple[Any, ...]]:
        """SELECT of what it gives for ``values``, in the order of its arguments."""
        rows = _Call(self, values).table_valued(*(column(name, type_) for name, type_ in self.returns.items()))
        return select(*rows.c)

    def statements(self) -> Iterator[str]:
        """DDL: nobody may execute it before the one role that should."""
        name = f"{quote_identifier(self.schema)}.{quote_identifier(self.name)}"
        signature = f"{name}({_listed(self.arguments)})"
        yield (
            f"CREATE FUNCTION {signature} RETURNS TABLE ({_listed(self.returns)})\n"
            "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp\n"
            f"AS {quote_literal(self.body.strip())}"
        )
        yield f"REVOKE ALL ON FUNCTION {signature} FROM {_API_ROLES}"
        yield f"GRANT EXECUTE ON FUNCTION {signature} TO {quote_identifier(self.to.value)}"


class _Call(Function[Any]):
    """A call of a declared function: the compiler may take its word for what it leaves behind."""

    inherit_cache = True

    def __init__(self, function: DefinerFunction, values: Sequence[Any]) -> None:
        super().__init__(function.name, *values, packagenames=(function.schema,))
        self.shares = True
        self.writes = not function.repeatable


def function_body(package: str, file: str, **values: object) -> str:
    """The text of ``sql/<file>`` in a package, with ``{name}`` replaced by the value of that name."""
    text = files(package).joinpath("sql", file).read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def functions_of(table: Table) -> tuple[DefinerFunction, ...]:
    """The functions that the model of ``table`` declares."""
    return tuple(declared() for declared in rules_of(table).functions)


def function_statements(tables: Sequence[Table]) -> Iterator[str]:
    """DDL of every function of ``tables``, and of the policies that let their owner do what they do."""
    for table, command in opened_tables(tables):
        yield _owner_policy(table, command)
    for table in tables:
        for function in functions_of(table):
            yield from function.statements()


def opened_tables(tables: Iterable[Table]) -> list[tuple[Table, Command]]:
    """What the functions of ``tables`` do to which tables; a policy lets their owner do each."""
    functions = [function for table in tables for function in functions_of(table)]
    opened = {
        (table, command) for function in functions for table in function.opens for command in function.opens[table]
    }
    return sorted(opened, key=lambda pair: (pair[0].fullname, pair[1]))


def owner_policy_name(table: Table, command: Command) -> str:
    """What that policy is called."""
    return f"{table.name}_{command.value.lower()}_definer"


def _owner_policy(table: Table, command: Command) -> str:
    name = quote_identifier(owner_policy_name(table, command))
    using = " USING (true)" if command.reads_rows else ""
    check = " WITH CHECK (true)" if command.writes_rows else ""
    return f"CREATE POLICY {name} ON {qualified(table)} FOR {command.value} TO CURRENT_USER{using}{check}"


def _listed(columns: Mapping[str, TypeEngine[Any]]) -> str:
    return ", ".join(f"{quote_identifier(name)} {sql_type(type_)}" for name, type_ in columns.items())


def sql_type(type_: TypeEngine[Any]) -> str:
    """A type as PostgreSQL spells it."""
    return type_.compile(_DIALECT)


Declaration = Callable[[type[Any]], DefinerFunction]
