"""A TypeScript client of actions, in one file without dependencies: what they take, give and refuse, as types.

The same actions give the same text, so it can be committed, and a change of it is a change of the interface.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from typing import Any, Final, cast

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from freehold.actions.action import Action
from freehold.actions.operation import Exact
from freehold.actions.outcome import Outcome, outcomes

_HEADER: Final = "// Written by `freehold client ts`. Change the actions and write it again, rather than this file.\n"
_RESERVED: Final = frozenset(
    [
        "Problem",
        "Fault",
        "Known",
        "Uncoded",
        "Unanswered",
        "Result",
        "ClientOptions",
        "CallOptions",
        "IdempotentOptions",
        "SubscribeOptions",
        "Parameters",
        "Call",
        "Transport",
        "Client",
        "CommonError",
        "Array",
        "Record",
        "Promise",
        "Response",
        "Headers",
        "RequestInit",
        "Map",
        "String",
        "Object",
        "Error",
        "URLSearchParams",
        "ReadableStream",
        "Uint8Array",
        "TextDecoder",
        "AbortSignal",
    ]
)
_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_SCALARS: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}


def typescript(actions: Sequence[Action[..., Any]]) -> str:
    """The text of the client."""
    ordered = sorted(actions, key=lambda action: action.name)
    types = _Types()
    told = {action.name: frozenset(each for each in outcomes(action) if each.code) for action in ordered}
    common = frozenset[Outcome]().union(*told.values()).intersection(*told.values())
    signatures = {action.name: _method(action, types) for action in ordered}
    errors = "\n".join(_error(action, told[action.name] - common) for action in ordered)
    parts = (
        _HEADER,
        files("freehold.actions").joinpath("client.ts").read_text(encoding="utf-8"),
        types.declarations(),
        f"/** Why any action may fail. */\nexport type CommonError ={_lines(_known(common))};\n",
        errors,
        _client(signatures),
    )
    return "\n".join(parts)


class _Types:
    """The named types that actions refer to."""

    def __init__(self) -> None:
        self._definitions: dict[str, dict[str, Any]] = {}

    def of(self, annotation: Any, mode: JsonSchemaMode) -> str:
        """The type of an annotation, whose models get names."""
        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        schema = adapter.json_schema(mode=mode, ref_template="{model}", schema_generator=Exact)
        definitions: dict[str, dict[str, Any]] = schema.pop("$defs", {})
        if "properties" in schema:
            definitions = {**definitions, schema["title"]: schema}
            schema = {"$ref": schema["title"]}
        names = {name: self._name(name, each, mode) for name, each in definitions.items()}
        for name, each in definitions.items():
            self._definitions[names[name]] = _renamed(each, names)
        return _type(_renamed(schema, names))

    def _name(self, name: str, schema: dict[str, Any], mode: JsonSchemaMode) -> str:
        """An input and an output of one model may differ: what has a default need not be sent."""
        plain = re.sub(r"\W", "_", name)
        taken = plain in _RESERVED or self._definitions.get(plain, schema) != schema
        free = f"{plain}{mode.title()}" if taken else plain
        while self._definitions.get(free, schema) != schema:
            free += "_"
        return free

    def declarations(self) -> str:
        """The declarations, by name."""
        return "\n".join(_declaration(name, schema) for name, schema in sorted(self._definitions.items()))


def _renamed(node: Any, names: dict[str, str]) -> Any:
    if isinstance(node, list):
        return [_renamed(each, names) for each in cast(list[object], node)]
    if not isinstance(node, dict):
        return node
    members = cast(dict[str, Any], node)
    found = {key: _renamed(value, names) for key, value in members.items()}
    if isinstance(members.get("$ref"), str):
        found["$ref"] = names.get(members["$ref"], members["$ref"])
    return found


def _declaration(name: str, schema: dict[str, Any]) -> str:
    about = _comment(schema.get("description"), "")
    if "properties" in schema:
        return f"{about}export interface {name} {_object(schema, '')}\n"
    return f"{about}export type {name} = {_type(schema)};\n"


def _type(schema: dict[str, Any], indent: str = "") -> str:
    if "$ref" in schema:
        return str(schema["$ref"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return _union(json.dumps(each) for each in schema["enum"])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return _union(_type(each, indent) for each in schema[key])
    if "allOf" in schema:
        return " & ".join(f"({_type(each, indent)})" for each in schema["allOf"])
    kind = schema.get("type")
    if isinstance(kind, list):
        return _union(_type({**schema, "type": each}, indent) for each in cast(list[str], kind))
    if kind == "array":
        return _array(schema, indent)
    if kind == "object":
        return _object(schema, indent)
    return _SCALARS.get(str(kind), "unknown")


def _array(schema: dict[str, Any], indent: str) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(_type(each, indent) for each in schema['prefixItems'])}]"
    return f"Array<{_type(schema.get('items', {}), indent)}>"


def _object(schema: dict[str, Any], indent: str) -> str:
    properties = cast(dict[str, dict[str, Any]], schema.get("properties", {}))
    named = cast(dict[str, dict[str, Any]], schema.get("patternProperties", {}))
    if named and not properties:
        return f"Record<string, {_union(_type(each, indent) for each in named.values())}>"
    if not properties:
        others = schema.get("additionalProperties", True)
        value = _type(cast(dict[str, Any], others), indent) if isinstance(others, dict) else "unknown"
        return "Record<string, never>" if others is False else f"Record<string, {value}>"
    inner, required = indent + "  ", schema.get("required", ())
    lines = [
        f"{_comment(each.get('description'), inner)}{inner}{_key(name)}{'' if name in required else '?'}: "
        f"{_type(each, inner)};"
        for name, each in properties.items()
    ]
    return "\n".join(("{", *lines, indent + "}"))


def _key(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else json.dumps(name)


def _union(types: Iterable[str]) -> str:
    return " | ".join(dict.fromkeys(types)) or "never"


def _lines(types: Iterable[str]) -> str:
    return "".join(f"\n  | {each}" for each in types)


def _comment(text: str | None, indent: str) -> str:
    if not text:
        return ""
    lines = [line.strip().replace("*/", "* /") for line in text.strip().splitlines()]
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    return "\n".join((f"{indent}/**", *(f"{indent} * {line}".rstrip() for line in lines), f"{indent} */", ""))


def _known(told: Iterable[Outcome]) -> Iterator[str]:
    for each in sorted(told, key=lambda each: (not each.declared, str(each.code), each.status)):
        yield f'Known<"{each.code}", {int(each.status)}>'


def _error(action: Action[..., Any], own: frozenset[Outcome]) -> str:
    return f"export type {_pascal(action.name)}Error ={_lines((*_known(own), 'CommonError'))};\n"


def _pascal(name: str) -> str:
    return "".join(part.title() for part in re.split(r"[._]", name))


def _method(action: Action[..., Any], types: _Types) -> str:
    """The method of one action, as a property of an object."""
    signature = action.signature
    parameters: list[str] = []
    call = [f'method: "{action.method}"', f'path: "{action.path}"']
    if signature.path:
        fields = "; ".join(f"{name}: {types.of(kind, 'validation')}" for name, kind in signature.path.items())
        parameters.append(f"places: {{ {fields} }}")
        call.append("places")
    if signature.input is not None:
        optional = action.reads and all(not each.is_required() for each in signature.input.model_fields.values())
        parameters.append(f"input: {types.of(signature.input, 'validation')}{' = {}' if optional else ''}")
        call.append("query: { ...input }" if action.reads else "body: input")
    elif not action.reads and action.method != "DELETE":
        call.append("body: {}")
    parameters.append(f"options: {'IdempotentOptions' if action.idempotent else 'CallOptions'} = {{}}")
    output = types.of(signature.annotation, "serialization") if signature.output else "undefined"
    result = f"{output}, {_pascal(action.name)}Error"
    return (
        f"({', '.join(parameters)}): Promise<Result<{result}>> =>\n"
        f"this.#transport.call<{result}>({{ {', '.join(call)}, options }})"
    )


def _client(methods: dict[str, str]) -> str:
    tree: dict[str, Any] = {}
    for name, method in methods.items():
        *parents, last = name.split(".")
        place = tree
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = method
    groups = "\n\n".join(f"  readonly {_key(name)} = {_group(each, '  ')};" for name, each in tree.items())
    return (
        "/** The application's actions. */\nexport class Client {\n  readonly #transport: Transport;\n\n"
        "  constructor(options: ClientOptions = {}) {\n    this.#transport = new Transport(options);\n  }\n\n"
        f"{groups}\n\n"
        "  /** Tells which tags were touched, null for everything, until `signal` aborts or nobody is signed in. */\n"
        "  subscribe(listener: (tags: string[] | null) => void, options: SubscribeOptions = {}): Promise<void> {\n"
        "    return this.#transport.subscribe(listener, options);\n  }\n}\n"
    )


def _group(members: dict[str, Any], indent: str) -> str:
    inner = indent + "  "
    lines = [f"{inner}{_key(name)}: {_member(each, inner)}," for name, each in members.items()]
    return "\n".join(("{", *lines, indent + "}"))


def _member(member: dict[str, Any] | str, indent: str) -> str:
    return member.replace("\n", f"\n{indent}  ") if isinstance(member, str) else _group(member, indent)
