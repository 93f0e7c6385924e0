"""Who may do what with a table, as its model says it: the owner's commands, an access, further policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from freehold.catalog import Fact
from freehold.policies import Command
from freehold.pull.call import call, literal
from freehold.pull.expression import Expression, parse, source
from freehold.pull.ownership import Ownership, mine
from freehold.pull.remark import Remark
from freehold.pull.table import COMMANDS, Table

_ROLES: Final = ("anon", "authenticated")
_SIGNED_IN: Final = ("authenticated",)
_SERVICE: Final = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})


@dataclass(frozen=True)
class Rule:
    """``commands`` None: the default, all four. ``policies``: source. ``kept``: facts that stay SQL. ``allowed``: who may.

    A command that nobody may is not in ``allowed``, nor any of a table without row security.
    """

    access: str | None
    commands: tuple[Command, ...] | None
    policies: tuple[str, ...]
    kept: tuple[Fact, ...]
    remarks: tuple[Remark, ...]
    allowed: Mapping[Command, tuple[str, ...]]


@dataclass(frozen=True)
class _Policy:
    command: Command
    roles: tuple[str, ...]
    source: str
    plain: bool


def rule_of(table: Table, owner: Ownership | None) -> Rule:
    """The rule of ``table``."""
    remarks = list(_undecided(table, owner))
    kept = tuple(fact for fact in table.policies if not fact.flag("permissive") or not _of_callers(fact))
    if not table.guarded:
        access = None if owner else "Access.SERVICE_ONLY"
        return Rule(access, None, (), kept, tuple(remarks + list(_privileges(table, ()))), {})
    facts = [fact for fact in table.policies if fact not in kept]
    policies = [policy for fact in facts for policy in _policies(table, fact, owner, remarks)]
    remarks += _privileges(table, policies)
    access = None
    plain, further = _split(policies)
    if owner is None and not policies:
        access = "Access.SERVICE_ONLY"
    elif owner is None and [policy.source for policy in policies] == [_TO_ALL]:
        access, further = "Access.PUBLIC_READ", []
    commands = None if owner is None or _covers(plain, further) else plain
    allowed = {command: _roles(policies, command) for command in COMMANDS if _roles(policies, command)}
    return Rule(access, commands, tuple(policy.source for policy in further), kept, tuple(remarks), allowed)


def _roles(policies: Sequence[_Policy], command: Command) -> tuple[str, ...]:
    return tuple(sorted({role for policy in policies if policy.command is command for role in policy.roles}))


def _of_callers(fact: Fact) -> bool:
    """Whether a policy is for anybody a model's policies are for."""
    return bool({"public", *_ROLES} & set(fact.names("roles")))


def _split(policies: Sequence[_Policy]) -> tuple[tuple[Command, ...], list[_Policy]]:
    """The commands of plain owner policies, and the rest; a plain one beside a further one of its command is listed."""
    further = {policy.command for policy in policies if not policy.plain and "authenticated" in policy.roles}
    plain = {policy.command for policy in policies if policy.plain} - further
    listed = [policy for policy in policies if not policy.plain or policy.command not in plain]
    return tuple(command for command in COMMANDS if command in plain), listed


def _covers(plain: Sequence[Command], further: Sequence[_Policy]) -> bool:
    declared = {policy.command for policy in further if "authenticated" in policy.roles}
    return {*plain, *declared} == set(COMMANDS)


_TO_ALL: Final = "Policy(Command.SELECT, to=(Role.ANON, Role.AUTHENTICATED), using=lambda _: true())"


def _policies(table: Table, fact: Fact, owner: Ownership | None, remarks: list[Remark]) -> Iterator[_Policy]:
    """One policy of the database: several in a model, where it is for all commands."""
    named = fact.names("roles")
    roles = _ROLES if "public" in named else tuple(role for role in _ROLES if role in named)
    if "public" in named:
        remarks.append(Remark(fact.name, "decide", "is for PUBLIC; it becomes one for anon and authenticated"))
    commands = COMMANDS if fact.text("command") == "ALL" else (Command(fact.text("command")),)
    if len(commands) > 1:
        remarks.append(Remark(fact.name, "decide", "is for ALL; it becomes one for each command"))
    for command in commands:
        using = _Part.of(fact.text("using"), owner)
        check = _Part.of(fact.text("check") or fact.text("using"), owner)
        if (command.reads_rows and not using.sql) or (command.writes_rows and not check.sql):
            continue
        yield _policy(table, fact, command, roles, using, check, remarks)


@dataclass(frozen=True)
class _Part:
    """One expression of a policy: ``owned`` where it begins with the owner, ``rest`` is what is left then."""

    sql: str
    owned: bool
    rest: tuple[Expression, ...]
    understood: bool

    @classmethod
    def of(cls, sql: str, owner: Ownership | None) -> _Part:
        parsed = parse(sql) if sql else None
        if parsed is None:
            return cls(sql, owned=False, rest=(), understood=False)
        first, *rest = parsed.terms
        if owner is not None and mine(owner.column, first):
            return cls(sql, owned=True, rest=tuple(rest), understood=True)
        return cls(sql, owned=False, rest=parsed.terms, understood=True)

    def source(self, uuids: frozenset[str]) -> str | None:
        """The lambda; None where nothing is left to say."""
        if not self.understood:
            return f"lambda _: literal_column({literal(self.sql)}, Boolean())"
        if not self.rest:
            return None
        whole = self.rest[0] if len(self.rest) == 1 else Expression("and", items=self.rest)
        text = source(whole, uuids)
        return f"lambda {'t' if 't.' in text or 't[' in text else '_'}: {text}"


def _policy(
    table: Table,
    fact: Fact,
    command: Command,
    roles: tuple[str, ...],
    using: _Part,
    check: _Part,
    remarks: list[Remark],
) -> _Policy:
    used = [*([using] if command.reads_rows else []), *([check] if command.writes_rows else [])]
    owned = roles == _SIGNED_IN and all(part.owned for part in used)
    if not owned:
        using, check = _whole(using), _whole(check)
    uuids = frozenset(name for name, column in table.columns.items() if column.text("type") == "uuid")
    texts = {
        "using": using.source(uuids) if command.reads_rows else None,
        "check": check.source(uuids) if command.writes_rows else None,
    }
    if not all(part.understood for part in used):
        remarks.append(Remark(fact.name, "decide", "is kept as SQL: write it as an expression where you can"))
    if command is Command.UPDATE and texts["using"] and texts["check"] is None:
        remarks.append(Remark(fact.name, "decide", "checks new rows less than old ones; both are checked alike now"))
    if command is Command.UPDATE and texts["using"] == texts["check"]:
        texts["check"] = None
    arguments = [f"Command.{command.name}"]
    if roles != _SIGNED_IN:
        listed = ", ".join(f"Role.{role.upper()}" for role in roles)
        arguments.append(f"to={listed}" if len(roles) == 1 else f"to=({listed})")
    arguments += ["owned=True"] if owned else []
    arguments += [f"{name}={text}" for name, text in texts.items() if text is not None]
    plain = owned and not any(texts.values())
    return _Policy(command, roles, call("Policy", arguments, indent=8), plain)


def _whole(part: _Part) -> _Part:
    """The part with its owner said like everything else."""
    if not part.owned:
        return part
    parsed = parse(part.sql)
    return _Part(part.sql, owned=False, rest=parsed.terms if parsed else (), understood=parsed is not None)


def _undecided(table: Table, owner: Ownership | None) -> Iterator[Remark]:
    if not table.guarded:
        who = (
            f"{owner.column} is proposed as the owner"
            if owner
            else "it is proposed to be for the service alone, until you decide"
        )
        yield Remark(table.fact.name, "decide", f"has no row security, so nothing says whose its rows are; {who}")
    elif not table.fact.flag("forced"):
        yield Remark(table.fact.name, "decide", "does not force its row security on its owner; it will")
    for fact in table.policies:
        if not fact.flag("permissive"):
            yield Remark(
                fact.name, "decide", f"{fact.key[2]} is restrictive, which models cannot say; it is kept as SQL"
            )
        elif not _of_callers(fact):
            yield Remark(fact.name, "decide", f"{fact.key[2]} is for a role that is no caller; it is kept as SQL")


def _privileges(table: Table, policies: Sequence[_Policy]) -> Iterator[Remark]:
    """What roles hold and the model does not grant again."""
    granted = {(role, policy.command.value) for policy in policies for role in policy.roles}
    held = table.privileges("public", *_ROLES)
    useless = sorted(held - granted)
    if useless:
        listed = ", ".join(f"{privilege} to {role}" for role, privilege in useless)
        yield Remark(table.fact.name, "decide", f"grants what no policy uses, which goes: {listed}")
    missing = sorted(each for each in granted if each not in held and ("public", each[1]) not in held)
    if missing:
        listed = ", ".join(f"{privilege} to {role}" for role, privilege in missing)
        yield Remark(table.fact.name, "decide", f"has policies and no grant, which comes: {listed}")
