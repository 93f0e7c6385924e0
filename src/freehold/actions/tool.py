"""Actions as tools of the Model Context Protocol, for programs that act for somebody: one registration, one behaviour.

A call is a request of the caller's to the action itself, so scopes, limits, validation and errors are the same, and what
goes wrong is told to the model as it is told to any program. Needs the extra ``freehold[mcp]``.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final, Self, cast
from urllib.parse import quote, urlencode

from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import CallToolResult, ListToolsResult, TextContent, Tool, ToolAnnotations
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from freehold.actions.action import Action
from freehold.actions.context import user_context
from freehold.actions.credential import absent
from freehold.actions.inline import inlined
from freehold.actions.limit import announced_by, refuse_larger
from freehold.actions.operation import Exact
from freehold.actions.runner import JSON, Runner
from freehold.actions.signature import refused

_LARGEST: Final = 512 * 1024
_KEPT: Final = frozenset({"type", "asgi", "http_version", "scheme", "server", "client", "root_path"})


class Tools:
    """The tools that ``actions`` are, named as they are with ``_`` for ``.``; ``about`` tells a model what they are for.

    Put `Tools.route` into the application's routes, and `Tools.running` around its life. Callers show a bearer token;
    a cookie is nothing here. Raises `DeclarationError` (FH110) for an action with two parameters of one name.
    """

    def __init__(self, *actions: Action[..., Any], name: str, about: str = "") -> None:
        self._tools = {each.name.replace(".", "_"): _Tool(each) for each in actions}
        self._server: Server[Any] = Server(
            name, instructions=about or None, on_list_tools=self._list, on_call_tool=self._call
        )
        self._manager: StreamableHTTPSessionManager | None = None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[Self]:
        """Serves while the block lasts."""
        manager = StreamableHTTPSessionManager(
            self._server, json_response=True, stateless=True, max_request_body_size=_LARGEST
        )
        async with manager.run():
            self._manager = manager
            yield self
        self._manager = None

    def route(self, path: str = "/mcp") -> Route:
        """The endpoint: POST alone, for there are no sessions and nothing is pushed."""
        return Route(path, _Endpoint(self), methods=["POST"], include_in_schema=False)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; raises `UnauthenticatedError` (FH602) before anything of the protocol is read."""
        request = Request(scope)
        if "authorization" not in request.headers:
            raise absent()
        await user_context(request)
        refuse_larger(announced_by(scope), _LARGEST)
        if self._manager is None:
            raise RuntimeError("the tools are not running: put Tools.running() around the application's life")
        await self._manager.handle_request(scope, receive, send)

    async def _list(self, _: Any, __: Any) -> ListToolsResult:
        return ListToolsResult(tools=[each.described(name) for name, each in self._tools.items()])

    async def _call(self, context: Any, params: Any) -> CallToolResult:
        tool = self._tools.get(params.name)
        if tool is None:
            return _said(f"There is no tool {params.name!r}.", wrong=True)
        return await tool.call(context.request, dict(params.arguments or {}))


class _Endpoint:
    """An ASGI application, which a route takes where a function would be wrapped."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._tools.handle(scope, receive, send)


class _Tool:
    """One action."""

    def __init__(self, action: Action[..., Any]) -> None:
        self._action = action
        self._runner = Runner(action)
        self._input = _object(self._runner)

    def described(self, name: str) -> Tool:
        action, output = self._action, self._runner.output
        schema = None if output is None else inlined(output.json_schema(mode="serialization", schema_generator=Exact))
        return Tool(
            name=name,
            description=(action.function.__doc__ or "").strip(),
            input_schema=self._input,
            output_schema=None if schema is None or action.signature.several else schema,
            annotations=ToolAnnotations(read_only_hint=action.reads, destructive_hint=action.method == "DELETE"),
        )

    async def call(self, request: Request, arguments: dict[str, Any]) -> CallToolResult:
        action, places = self._action, dict[str, str]()
        for name in action.signature.path:
            if not isinstance(arguments.get(name), str | int):
                return _said(f"The argument {name!r} is missing.", wrong=True)
            places[name] = quote(str(arguments.pop(name)), safe="")
        query = urlencode(_query(arguments), doseq=True) if action.reads else ""
        body = b"" if action.reads else json.dumps(arguments).encode()
        status, answer = await _ask(request, action.method, action.path.format_map(places), query, body)
        if status == HTTPStatus.NO_CONTENT:
            return _said("It is done.")
        return _said(answer.decode(), wrong=status >= HTTPStatus.BAD_REQUEST)


def _object(runner: Runner) -> dict[str, Any]:
    """The arguments: what stands in the path, and what the input has."""
    schema = inlined(runner.reader.adapter.json_schema(schema_generator=Exact))
    places = {name: each.json_schema(schema_generator=Exact) for name, each in runner.path.adapters.items()}
    properties: dict[str, Any] = schema.get("properties", {})
    if places.keys() & properties.keys():
        raise refused(runner.action.name, "has a place and a field of one name", "Rename one of them.")
    return {
        "type": "object",
        "properties": {**places, **properties},
        "required": [*places, *schema.get("required", ())],
        "additionalProperties": False,
    }


def _query(arguments: Mapping[str, Any]) -> dict[str, Any]:
    words = {True: "true", False: "false"}
    return {
        name: words[value] if isinstance(value, bool) else value
        for name, value in arguments.items()
        if value is not None
    }


async def _ask(request: Request, method: str, path: str, query: str, body: bytes) -> tuple[int, bytes]:
    """What the application that got ``request`` answers to another one of the same caller's."""
    told = {name: request.headers[name].encode() for name in ("authorization", "host") if name in request.headers}
    headers = {**told, "content-length": str(len(body)).encode(), **({"content-type": JSON.encode()} if body else {})}
    scope: dict[str, Any] = {name: value for name, value in request.scope.items() if name in _KEPT}
    scope |= {
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value) for name, value in headers.items()],
    }
    answer = _Answer(body)
    await cast(ASGIApp, request.app)(scope, answer.receive, answer.send)
    return answer.status, bytes(answer.body)


class _Answer:
    """Gives a request's body, and collects the answer."""

    def __init__(self, given: bytes) -> None:
        self._given = given
        self.status = 0
        self.body = bytearray()

    async def receive(self) -> Message:
        return {"type": "http.request", "body": self._given, "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


def _said(text: str, *, wrong: bool = False) -> CallToolResult:
    structured: Any = None
    if not wrong and text.startswith("{"):
        structured = json.loads(text)
    return CallToolResult(content=[TextContent(text=text)], structured_content=structured, is_error=wrong)
