"""What an action takes and gives, read from its function: the annotations are the schema."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Self, cast, get_args, get_origin

from pydantic import BaseModel, RootModel, TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation

from freehold.actions.context import UserContext
from freehold.errors import Code, DeclarationError

_EXAMPLE: Final = "async def update(ctx: UserContext, input: UpdateProfile) -> ProfileOut"
_PLACE: Final = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
PATH: Final = re.compile(r"(/([A-Za-z0-9._~-]+|\{[a-z_][a-z0-9_]*\}))+")
_SCALARS: Final = frozenset({"string", "integer", "number", "boolean"})


@dataclass(frozen=True)
class Signature:
    """The models of an action's input and output; None where it takes or gives nothing.

    ``path``: the parameters that the path names, with their types. ``several``: it gives a list of ``output``.
    """

    input: type[BaseModel] | None
    output: type[BaseModel] | None
    path: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    several: bool = False

    @classmethod
    def of(cls, name: str, function: Callable[..., object], path: str = "", *, reads: bool = False) -> Self:
        """Reads ``function``; raises `DeclarationError` (FH110) where it is not an action's."""
        if not inspect.iscoroutinefunction(function):
            raise refused(name, "is not async", f"Write {_EXAMPLE}.")
        try:
            signature = inspect.signature(function, eval_str=True)
        except NameError as error:
            hint = "Import what the annotations name at the top of the module, not under TYPE_CHECKING."
            raise refused(name, f"is annotated with the unknown name {error.name!r}", hint) from None
        given = {each.name: _annotation(name, each) for each in signature.parameters.values()}
        places = _places(name, path)
        context, *others = given or ("",)
        bodies = [each for each in others if each not in places]
        if given.get(context) is not UserContext or len(bodies) > 1:
            raise refused(name, "does not take a UserContext, and then at most one input", f"Write {_EXAMPLE}.")
        if set(places) - set(others):
            raise refused(
                name, f"has a path with {{{min(set(places) - set(others))}}}, and no such parameter", _EXAMPLE
            )
        taken = _model(name, "input", given[bodies[0]]) if bodies else None
        if taken is not None:
            _refuse_open(name, taken)
            if reads:
                _refuse_nested(name, taken)
        output, several = _output(name, signature.return_annotation)
        return cls(
            taken, output, {each: _scalar(name, each, given[each]) for each in others if each in places}, several
        )

    @property
    def annotation(self) -> Any:
        """The type of what is given, as Pydantic takes it."""
        return list[self.output] if self.several and self.output else self.output  # type: ignore[name-defined]


def _places(name: str, path: str) -> tuple[str, ...]:
    places = tuple(_PLACE.findall(path))
    if (path and not PATH.fullmatch(path)) or len(set(places)) < len(places):
        raise refused(name, f"has a path that cannot be: {path}", 'Write "/tasks/{task_id}/stop".')
    return places


def _annotation(name: str, parameter: inspect.Parameter) -> Any:
    plain = parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    if not plain or parameter.default is not parameter.empty:
        raise refused(name, f"has a parameter {parameter.name!r} that a request cannot fill", f"Write {_EXAMPLE}.")
    return parameter.annotation


def _output(name: str, annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    if annotation is None:
        return None, False
    if get_origin(annotation) is list:
        return _model(name, "output", get_args(annotation)[0]), True
    return _model(name, "output", annotation), False


def _model(name: str, part: str, annotation: object) -> type[BaseModel]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and not issubclass(annotation, RootModel):
        return annotation
    raise refused(name, f"has an {part} that is not a Pydantic model with fields", f"Write {_EXAMPLE}.")


def _scalar(name: str, parameter: str, annotation: Any) -> Any:
    try:
        kind = TypeAdapter(annotation).json_schema().get("type")
    except (PydanticSchemaGenerationError, PydanticUndefinedAnnotation):
        kind = None
    if kind not in _SCALARS:
        raise refused(
            name, f"has a path parameter {parameter!r} that is no text or number", "Annotate it with UUID, str or int."
        )
    return annotation


def _refuse_open(name: str, model: type[BaseModel]) -> None:
    for title, each in _objects(model.model_json_schema()):
        if each.get("additionalProperties") is not False:
            raise refused(
                name,
                f"would ignore unknown fields of its input: {title}",
                f'Add to {title}: model_config = ConfigDict(extra="forbid").',
            )


def _refuse_nested(name: str, model: type[BaseModel]) -> None:
    """A query has texts, and lists of texts; nothing else fits into one."""
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    for title, each in schema.get("properties", {}).items():
        if not all(_fits(kind, definitions) for kind in _kinds(each)):
            hint = "Give the query texts, numbers, and lists of them; what is larger belongs into the body of a POST."
            raise refused(name, f"cannot have {title!r} in a query", hint)


def _kinds(schema: dict[str, Any]) -> list[dict[str, Any]]:
    kinds: list[dict[str, Any]] = schema.get("anyOf", [schema])
    return kinds


def _fits(schema: dict[str, Any], definitions: dict[str, Any]) -> bool:
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if schema.get("type") == "array":
        return _fits(schema.get("items", {}), definitions)
    return schema.get("type") in _SCALARS | {"null"}


def _objects(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The models in a JSON schema: the outermost, and those it defines."""
    models = [schema, *cast(dict[str, dict[str, Any]], schema.get("$defs", {})).values()]
    return ((str(each.get("title")), each) for each in models if "properties" in each)


def refused(name: str, fault: str, hint: str) -> DeclarationError:
    """The error for an action that cannot be right."""
    return DeclarationError(Code.ACTION_SIGNATURE, f"The action {name!r} {fault}.", hint=hint)
