"""AU704: raw SQL whose text nobody can see."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from freehold.audit.found import Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.source import Module


def _check(module: Module) -> Iterator[Found]:
    constants = _constants(module)
    for call in module.calls:
        if (
            not isinstance(call.func, ast.Attribute)
            or call.func.attr not in ("raw", "exec_driver_sql")
            or len(call.args) != 1
        ):
            continue
        argument = call.args[0]
        if (
            isinstance(argument, (ast.Name, ast.Attribute, ast.Call, ast.Subscript))
            and _name(argument) not in constants
        ):
            yield module.found(
                call,
                "Raw SQL that comes from elsewhere, and no parameters: its values must be in the text.",
                'await alice.raw("select ... where id = $1", id)',
            )


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _constants(module: Module) -> frozenset[str]:
    """Names of the module that are assigned a string as it stands, or imported in capitals."""
    found = {name for name in module.imported if name.isupper()}
    for node in module.tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Constant):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return frozenset(found)


RULE = Rule(
    id="AU704",
    title="Raw SQL without parameters",
    severity=Severity.ERROR,
    why="A statement that arrives as a variable and takes no parameters was put together somewhere else, with its values "
    "in it. That place is where an injection is found, later.",
    remedy="Write the text where it runs, as a constant, and pass the values.",
    about=Module,
    check=_check,
    example=Example("rows = alice.raw(build(title))\n", 'SQL = "select 1"\nrows = alice.raw(SQL)\n'),
)
