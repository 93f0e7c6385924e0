"""AU707: the service's scope in code that a request runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from freehold.audit.found import Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.source import Function, Module

_ROUTES = frozenset(
    {"action", "get", "post", "put", "patch", "delete", "route", "api_route", "websocket", "middleware"}
)
_CONTEXTS = frozenset({"UserContext", "Request", "WebSocket", "Identity"})


def _check(module: Module) -> Iterator[Found]:
    for function in module.functions:
        if _serves(function):
            for node in ast.walk(function):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr == "as_service"
                ):
                    yield module.found(
                        node,
                        f"{function.name} runs for a request, and takes the service's scope, which no policy binds.",
                        "ctx.db  # the caller's scope; hand the rest to a worker that has the service's login",
                    )


def _serves(function: Function) -> bool:
    names = (_last(node.func if isinstance(node, ast.Call) else node) for node in function.decorator_list)
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return any(name in _ROUTES for name in names) or any(
        argument.annotation is not None and _last(argument.annotation) in _CONTEXTS for argument in arguments
    )


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        return _last(node.value)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


RULE = Rule(
    id="AU707",
    title="The service in request code",
    severity=Severity.ERROR,
    why="The service's role bypasses row security. In code that a request reaches, every mistake about whose row it is "
    "becomes another user's row in the answer.",
    remedy="Use the caller's scope. What needs more is a worker's, or one SECURITY DEFINER function.",
    about=Module,
    check=_check,
    example=Example(
        '@action("notes.all")\nasync def everything(ctx):\n    return await ctx.database.as_service(reason="x").all(NOTES)\n',
        'async def worker(db):\n    return await db.as_service(reason="expire tokens").all(NOTES)\n',
    ),
)
