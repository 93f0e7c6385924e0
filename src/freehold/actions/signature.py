"""What an action takes and gives, read from its function: the annotations are the schema."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self, cast

from pydantic import BaseModel, RootModel

from freehold.actions.context import UserContext
from freehold.errors import Code, DeclarationError

_EXAMPLE = "async def update(ctx: UserContext, input: UpdateProfile) -> ProfileOut"
_MOST_PARAMETERS = 2


@dataclass(frozen=True)
class Signature:
    """The models of an action's input and output; None where it takes or gives nothing."""

    input: type[BaseModel] | None
    output: type[BaseModel] | None

    @classmethod
    def of(cls, name: str, function: Callable[..., object]) -> Self:
        """Reads ``function``; raises `DeclarationError` (FH110) where it is not an action's."""
        if not inspect.iscoroutinefunction(function):
            raise _refused(name, "is not async", f"Write {_EXAMPLE}.")
        try:
            signature = inspect.signature(function, eval_str=True)
        except NameError as error:
            hint = "Import what the annotations name at the top of the module, not under TYPE_CHECKING."
            raise _refused(name, f"is annotated with the unknown name {error.name!r}", hint) from None
        parameters = [_annotation(name, each) for each in signature.parameters.values()]
        if not parameters or parameters[0] is not UserContext or len(parameters) > _MOST_PARAMETERS:
            raise _refused(name, "does not take a UserContext, and then at most one input", f"Write {_EXAMPLE}.")
        taken = _model(name, "input", parameters[1]) if parameters[1:] else None
        given = None if signature.return_annotation is None else _model(name, "output", signature.return_annotation)
        if taken is not None:
            _refuse_open(name, taken)
        return cls(taken, given)


def _annotation(name: str, parameter: inspect.Parameter) -> Any:
    plain = parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    if not plain or parameter.default is not parameter.empty:
        raise _refused(name, f"has a parameter {parameter.name!r} that a request cannot fill", f"Write {_EXAMPLE}.")
    return parameter.annotation


def _model(name: str, part: str, annotation: object) -> type[BaseModel]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and not issubclass(annotation, RootModel):
        return annotation
    raise _refused(name, f"has an {part} that is not a Pydantic model with fields", f"Write {_EXAMPLE}.")


def _refuse_open(name: str, model: type[BaseModel]) -> None:
    for title, each in _objects(model.model_json_schema()):
        if each.get("additionalProperties") is not False:
            raise _refused(
                name,
                f"would ignore unknown fields of its input: {title}",
                f'Add to {title}: model_config = ConfigDict(extra="forbid").',
            )


def _objects(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The models in a JSON schema: the outermost, and those it defines."""
    models = [schema, *cast(dict[str, dict[str, Any]], schema.get("$defs", {})).values()]
    return ((str(each.get("title")), each) for each in models if "properties" in each)


def _refused(name: str, fault: str, hint: str) -> DeclarationError:
    return DeclarationError(Code.ACTION_SIGNATURE, f"The action {name!r} {fault}.", hint=hint)
