"""One table as the source of a model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from freehold.catalog import Fact, Key
from freehold.policies import Command
from freehold.pull import item
from freehold.pull.call import call, comment, enclosed, literal
from freehold.pull.choice import Choices, annotation, choices_of
from freehold.pull.default import default_of, factory_of, sequence_of
from freehold.pull.kind import ColumnKind, kind_of
from freehold.pull.name import attribute
from freehold.pull.ownership import Ownership
from freehold.pull.remark import Remark
from freehold.pull.rule import Rule, rule_of
from freehold.pull.sealing import blind_index, sealed_columns
from freehold.pull.table import Reference, Table

_TIMESTAMP: Final = "timestamp with time zone"
_SECRET: Final = re.compile(
    r"(?:^|_)(?:token|secret|password|passwd|api_?key|private_?key|env)(?:_hash)?$", re.IGNORECASE
)
_RULES: Final = (("select", Command.SELECT), ("insert", Command.INSERT), ("update", Command.UPDATE))


@dataclass
class Surroundings:
    """What a model refers to beyond its table. ``circular``: references (from, to) that no table can be made with."""

    tables: Mapping[tuple[str, ...], Table]
    owners: Mapping[tuple[str, ...], Ownership]
    classes: Mapping[tuple[str, ...], str]
    enums: Mapping[str, tuple[Choices, str]]
    domains: Mapping[str, ColumnKind]
    circular: set[tuple[Key, Key]] = field(default_factory=set[tuple[Key, Key]])


@dataclass
class Model:
    """The source of a class. ``needs``: the tables whose models stand before it; ``kept``: facts that stay SQL."""

    table: Table
    source: str = ""
    needs: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    kept: list[Fact] = field(default_factory=list[Fact])
    remarks: list[Remark] = field(default_factory=list[Remark])


def model_of(table: Table, around: Surroundings) -> Model:
    """The model of ``table``, which has no `obstacle`."""
    return _Writer(table, around).written()


def obstacle(table: Table, owner: Ownership | None) -> str | None:
    """Why a table cannot be a model."""
    if table.fact.text("kind") != "ordinary" or table.fact.names("parents"):
        kind = "partition" if table.fact.text("bound") else f"{table.fact.text('kind')} table or inherits"
        return f"is a {kind}, which models cannot be"
    key = [column for column in table.primary_key if owner is None or column != owner.column]
    if len(key) > 1:
        return f"has the primary key ({', '.join(table.primary_key)}); a model has one column beside the owner"
    if not table.primary_key:
        return "has no primary key"
    if owner and key and table.primary_key not in {(owner.column, key[0]), (key[0],)}:
        return f"has the primary key ({', '.join(table.primary_key)}); a model's begins with the owner"
    if key and table.columns[key[0]].text("type") in {"integer", "bigint", "smallint"}:
        fact = table.columns[key[0]]
        if not fact.text("identity") and sequence_of(fact) is None:
            return f"has a number for its key, {key[0]}, that the database does not make"
    odd = [column for column in table.columns if attribute(column) is None]
    return f"has columns that no attribute can be named as: {', '.join(odd)}" if odd else None


class _Writer:
    def __init__(self, table: Table, around: Surroundings) -> None:
        self.table = table
        self.around = around
        self.owner = around.owners.get(table.key)
        self.rule: Rule = rule_of(table, self.owner)
        self.choices = choices_of(table)
        self.sealed = sealed_columns(table)
        self.blind = {name: index for name in self.sealed if (index := self._blind(name))}
        self.model = Model(table, remarks=list(self.rule.remarks), kept=list(self.rule.kept))
        self.parents = dict(self._parents())
        self.said: set[str] = {parent.fact.key[2] for parent in self.parents.values()}

    def written(self) -> Model:
        columns = [name for name in self.table.columns if name not in self.blind.values()]
        lines = [line for name in columns for line in self._column(name)]
        items = self._items()
        items += [f'{{"schema": {literal(self.table.key[0])}}}'] if self.table.key[0] != "public" else []
        head = [
            f"class {self.around.classes[self.table.key]}(Model):",
            f"    __tablename__ = {literal(self.table.name)}",
        ]
        if items:
            head.append("    " + enclosed("__table_args__ = (", items, ")", indent=4, trailing=True))
        if self.rule.access:
            head.append(f"    __access__ = {self.rule.access}")
        if self.rule.policies:
            head.append("    " + enclosed("__policies__ = (", self.rule.policies, ")", indent=4, trailing=True))
        remarks = [comment(f"{remark.text}.", indent=4) for remark in self.model.remarks]
        self.model.source = "\n".join([head[0], *remarks, *head[1:], "", *lines, ""])
        return self.model

    def _parents(self) -> Iterator[tuple[str, Reference]]:
        """The columns that belong to a parent with the same owner, by the key (owner, id)."""
        for each in self.table.references:
            owner, target = self.around.owners.get(each.target), self.around.tables.get(each.target)
            if (
                self.owner is None
                or owner is None
                or target is None
                or len(each.columns) != 2
                or not self._nameable(each)
            ):
                continue
            matches = (
                each.columns[0] == self.owner.column
                and each.key == target.primary_key
                and each.key[0] == owner.column
                and each.rest in {"ON DELETE CASCADE", "ON DELETE RESTRICT"}
                and self._same_types(each, target)
            )
            if matches and each.columns[1] not in self.table.primary_key:
                yield each.columns[1], each

    def _nameable(self, each: Reference) -> bool:
        """Whether the model of the target can stand before this one."""
        return each.target != self.table.key and (self.table.key, each.target) not in self.around.circular

    def _same_types(self, each: Reference, target: Table) -> bool:
        pairs = zip(each.columns, each.key, strict=True)
        return all(self.table.columns[a].text("type") == target.columns[b].text("type") for a, b in pairs)

    def _column(self, name: str) -> Iterator[str]:
        fact = self.table.columns[name]
        kind, values = self._kind(fact)
        if kind is None:
            self.model.remarks.append(
                Remark(fact.name, "lost", f"{name} is of type {fact.text('type')}, which models have no word for")
            )
            return
        if fact.text("type") == "timestamp without time zone":
            self._remark(fact, "decide", f"{name} has no time zone, so it means another moment on every machine")
        if fact.text("collation"):
            self._remark(fact, "lost", f"the collation of {name}, {fact.text('collation')}")
        text = annotation(values) if values else kind.annotation
        text += "" if fact.flag("not_null") else " | None"
        assigned = self._declared(fact, kind, values)
        head = f"{name}: Col[{text}]"
        yield "    " + (head if assigned is None else call(assigned[0], assigned[1], indent=4, head=f"{head} = "))

    def _remark(self, fact: Fact, kind: str, text: str) -> None:
        self.model.remarks.append(Remark(fact.name, "lost" if kind == "lost" else "decide", text))

    def _kind(self, fact: Fact) -> tuple[ColumnKind | None, Choices]:
        sql_type = fact.text("type")
        if fact.key[2] in self.sealed:
            return ColumnKind("Sealed[str]"), ()
        if sql_type in self.around.enums:
            labels, text = self.around.enums[sql_type]
            return ColumnKind("", text), labels
        if sql_type in self.around.domains:
            return self.around.domains[sql_type], ()
        if sql_type == "jsonb":
            factory = factory_of(fact)
            return ColumnKind({"list": "list[Any]", "dict": "dict[str, Any]"}.get(factory or "", "Any")), ()
        values = self.choices.get(fact.key[2], ((), None))[0]
        return kind_of(sql_type), values

    def _declared(self, fact: Fact, kind: ColumnKind, values: Choices) -> tuple[str, list[str]] | None:
        """The call that declares the column; None where the annotation says it all."""
        name = fact.key[2]
        if name in self.sealed:
            return "sealed", [*self._sealing(fact), *self._rules(name)]
        typed = [f"sql_type={kind.sql_type}"] if kind.sql_type else []
        if self.owner and name == self.owner.column:
            return "owner", [*self._ownership(), *typed]
        if name in self.table.primary_key:
            return "primary_key", [*self._key(fact), *typed]
        if name in self.parents:
            return "belongs_to", self._parent(name, fact)
        if word := self._word(fact):
            return word, []
        if fact.text("type") == "jsonb":
            return "json", [*self._document(fact), *self._rules(name)]
        if fact.text("generated"):
            return "column", ["init=False", f"computed={literal(fact.text('generated'))}", *typed, *self._rules(name)]
        arguments = [*default_of(fact, choice=bool(values)), *typed, *self._rules(name)]
        return ("column", arguments) if arguments else None

    def _sealing(self, fact: Fact) -> Iterator[str]:
        name = fact.key[2]
        self._remark(fact, "decide", f"{name} is sealed, and nothing says what is in it: str is proposed")
        if not fact.flag("not_null"):
            yield "default=None"
        if name in self.blind:
            yield "index=True"

    def _blind(self, column: str) -> str | None:
        """The blind index of a sealed column, where it is as closed as the column."""
        name = blind_index(self.table, column)
        return name if name and self._closed(name) == self._closed(column) else None

    def _ownership(self) -> Iterator[str]:
        owner = self.owner.column if self.owner else ""
        for each in self.table.references:
            target = self.around.owners.get(each.target)
            keyed = target is not None and each.key == (target.column,) == self.around.tables[each.target].primary_key
            if each.columns == (owner,) and keyed and each.rest == "ON DELETE CASCADE" and self._nameable(each):
                self.model.needs.add(each.target)
                self.said.add(each.fact.key[2])
                yield self.around.classes[each.target]
                break
        if self.table.primary_key == (owner,):
            yield "primary_key=True"
            if not self.table.guarded:
                yield "commands=(Command.SELECT,)"
        elif self.table.unique(owner):
            self.said |= {fact.key[2] for fact in self.table.constraints("unique") if fact.names("columns") == (owner,)}
            yield "unique=True"
        if self.rule.commands is not None:
            listed = [f"Command.{command.name}" for command in self.rule.commands]
            yield f"commands=({', '.join(listed)}{',' if len(listed) == 1 else ''})"

    def _key(self, fact: Fact) -> Iterator[str]:
        if self.owner and self.table.primary_key == (fact.key[2],):
            yield 'scope="global"'
        if fact.text("identity"):
            yield 'generated="identity"'
        elif sequence_of(fact) is not None:
            yield 'generated="serial"'
        elif fact.text("default"):
            yield f"server_default={literal(fact.text('default'))}"

    def _parent(self, name: str, fact: Fact) -> list[str]:
        parent = self.parents[name]
        self.model.needs.add(parent.target)
        arguments = [self.around.classes[parent.target]]
        arguments += ['on_delete="restrict"'] if "RESTRICT" in parent.rest else []
        arguments += [] if fact.flag("not_null") else ["default=None"]
        if not any(item.plain_index(each) == parent.columns for each in self.table.indexes()):
            arguments.append("index=False")
        return [*arguments, *(rule for rule in self._rules(name) if not rule.startswith("select"))]

    def _word(self, fact: Fact) -> str | None:
        """created_at, updated_at, deleted_at: recognised by name, type and default."""
        name, kind, default = fact.key[2], fact.text("type"), fact.text("default")
        if name in {"created_at", "updated_at"} and kind == _TIMESTAMP and default in {"now()", "CURRENT_TIMESTAMP"}:
            return name if fact.flag("not_null") else None
        if name == "deleted_at" and kind == _TIMESTAMP and not fact.flag("not_null") and not default:
            return name
        return None

    def _document(self, fact: Fact) -> Iterator[str]:
        if factory := factory_of(fact):
            yield f"default_factory={factory}"
        elif fact.text("default") not in {"", "NULL::jsonb"}:
            self._remark(fact, "lost", f"the default of {fact.key[2]}, {fact.text('default')}")
        elif not fact.flag("not_null"):
            yield "default=None"

    def _rules(self, name: str) -> list[str]:
        """What callers may not name the column in, though they may run the command."""
        if self.owner and not self.table.guarded and _SECRET.search(name):
            self._remark(self.table.columns[name], "decide", f"{name} looks like a secret, so it is closed to callers")
            return ["select=False", "insert=False", "update=False"]
        return self._closed(name)

    def _closed(self, name: str) -> list[str]:
        found = list[str]()
        for word, command in _RULES:
            held = [self.table.granted(role, command.value) for role in self.rule.allowed.get(command, ())]
            if any(held) and not any(name in columns for columns in held):
                found.append(f"{word}=False")
        return found

    def _items(self) -> list[str]:
        self.said |= {fact.key[2] for _, fact in self.choices.values()} | {fact.key[2] for fact in self.sealed.values()}
        found = list[str]()
        for fact in self.table.constraints("unique"):
            if fact.key[2] not in self.said:
                self._keep(found, fact, item.unique(fact, self.table))
        found += [
            item.check(fact, self.table) for fact in self.table.constraints("check") if fact.key[2] not in self.said
        ]
        for each in self.table.references:
            if each.fact.key[2] not in self.said:
                self._keep(found, each.fact, self._constraint(each))
                self._warn(each)
        self.model.kept += self.table.constraints("exclude")
        for fact in self.table.indexes():
            if item.plain_index(fact) not in self._implied():
                self._keep(found, fact, item.index(fact))
            if not fact.flag("valid"):
                self._remark(
                    fact,
                    "decide",
                    f"{fact.key[2]} is invalid: a CREATE INDEX CONCURRENTLY failed; drop it or rebuild it",
                )
        return found

    def _constraint(self, each: Reference) -> str | None:
        """A reference that no column says; one in a circle, or to a table that stays SQL, is made when all tables are there."""
        if (self.table.key, each.target) in self.around.circular or each.target not in self.around.tables:
            return None
        if each.target != self.table.key:
            self.model.needs.add(each.target)
        return item.reference(each, self.table)

    def _keep(self, found: list[str], fact: Fact, source: str | None) -> None:
        if source is None:
            self.model.kept.append(fact)
        else:
            found.append(source)

    def _implied(self) -> set[tuple[str, ...]]:
        """The indexes that columns bring with them."""
        implied = {parent.columns for parent in self.parents.values()}
        owned = (self.owner.column,) if self.owner else ()
        implied |= {(*owned, name) for name in self.blind.values()}
        if self.owner and self.table.primary_key[0] != self.owner.column and not self.table.unique(self.owner.column):
            implied.add((self.owner.column,))
        return implied

    def _warn(self, each: Reference) -> None:
        owned = self.owner and self.around.owners.get(each.target) and each.target != self.table.key
        if owned and self.owner and self.owner.column not in each.columns:
            columns = ", ".join(each.columns)
            self._remark(
                each.fact,
                "decide",
                f"{columns} may point at a row of {each.target[1]} that is another's: its key leaves the owner out",
            )
