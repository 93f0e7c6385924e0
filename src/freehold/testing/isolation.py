"""The proof of a whole schema, made once in a run, and asked about one model at a time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table

from freehold.models import functions_of, table_of
from freehold.proof import Proof, prove
from freehold.proof.matrix import sentence
from freehold.testing.workshop import Workshop
from freehold.wire import connect


class Isolation:
    """Gives `assert_isolated`; proves on a clone of its own when it is first asked."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._proof: Proof | None = None

    def __call__(self, *models: type[Any] | Table) -> None:
        """Asserts that every caller gets from the models' tables what they declare, and that this is no accident.

        Raises AssertionError with the cells that differ, with policies whose removal changes nothing, and for a table
        that could not be looked at.
        """
        proof = self._proof = self._proof or self._prove()
        for model in models:
            _require(proof, model if isinstance(model, Table) else table_of(model))

    def _prove(self) -> Proof:
        workshop = self._workshop
        with workshop.clone() as endpoints:
            name = endpoints.login.partition("?")[0].rpartition("/")[2]
            with connect(workshop.admin_dsn(name)) as admin, connect(endpoints.login) as login:
                return prove(admin, login, workshop.setup.tables)


def _require(proof: Proof, table: Table) -> None:
    name = f"{table.schema or 'public'}.{table.name}"
    functions = [f"{each.schema}.{each.name}(" for each in functions_of(table)]
    found = [
        f"{entry.name}: {sentence(cell)}"
        for entry, cell in proof.unsound()
        if _is_of(entry.name, name) or entry.name.startswith(tuple(functions))
    ]
    found += [f"{each}: its removal changes nothing" for each in proof.untested_policies if each.startswith(f"{name}.")]
    found += [
        f"{gap.name}: {gap.reason}" for gap in proof.gaps if gap.name == name or gap.name.startswith(tuple(functions))
    ]
    if not any(_is_of(entry.name, name) for entry in proof.entries):
        found.append(f"{name}: nothing of it was looked at")
    if found:
        raise AssertionError("\n  ".join([f"{name} is not isolated as declared:", *found]))


def _is_of(entry: str, table: str) -> bool:
    return entry == table or entry.startswith(f"{table}:")
