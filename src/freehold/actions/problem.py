"""What a caller learns of an error: a problem document (RFC 9457), with nothing in it that is not the caller's.

Messages and hints of freehold's errors are for programmers, and name tables and constraints. Only an action's own
errors were written for whoever called it; of the others the caller learns the kind, and the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Final

from pydantic import BaseModel, ConfigDict

from freehold.actions.refusal import Refusal
from freehold.errors import (
    AccountTakenError,
    ActionError,
    CheckViolationError,
    Code,
    ConnectionLostError,
    CredentialError,
    CrossSiteError,
    DatabaseError,
    FieldError,
    ForeignKeyError,
    FreeholdError,
    IdempotencyError,
    IdentityError,
    InvalidInputError,
    LimitExceededError,
    LockTimeoutError,
    NotNullError,
    NotVisibleError,
    PermissionDeniedError,
    PoolTimeoutError,
    ProviderError,
    SerializationError,
    SignInError,
    StatementTimeoutError,
    TokenLimitError,
    UnauthenticatedError,
    UniqueViolationError,
)


class Fault(BaseModel):
    """What is wrong with one field: a JSON pointer (RFC 6901) into what was sent, and a sentence."""

    model_config = ConfigDict(frozen=True)

    pointer: str
    message: str


class Problem(BaseModel):
    """The answer to a request that failed. ``type`` is the page about ``code``; members without a value are absent."""

    model_config = ConfigDict(frozen=True)

    type: str = "about:blank"
    title: str
    status: int
    code: str | None = None
    detail: str | None = None
    hint: str | None = None
    request_id: str | None = None
    errors: tuple[Fault, ...] | None = None


@dataclass(frozen=True)
class Kind:
    """How errors of one class are answered."""

    status: HTTPStatus
    title: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


_SOON: Final = {"Retry-After": "1"}
_REFUSED: Final = Kind(HTTPStatus.FORBIDDEN, "This is not allowed")
_UNFIT: Final = Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "A value cannot be stored")
_BUSY: Final = Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The service is busy or restarting", _SOON)
_UNKNOWN: Final = Kind(HTTPStatus.UNAUTHORIZED, "Sign in first", {"WWW-Authenticate": "Bearer"})
OPAQUE: Final = Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here")

_KINDS: Final[Mapping[type[BaseException], Kind]] = {
    NotVisibleError: Kind(HTTPStatus.NOT_FOUND, "There is no such thing"),
    InvalidInputError: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The input is not valid"),
    UnauthenticatedError: _UNKNOWN,
    IdentityError: _UNKNOWN,
    CrossSiteError: Kind(HTTPStatus.FORBIDDEN, "The request came from another site"),
    CredentialError: Kind(HTTPStatus.FORBIDDEN, "The credential is not good for this"),
    TokenLimitError: Kind(HTTPStatus.CONFLICT, "There are as many tokens as there may be"),
    SignInError: Kind(HTTPStatus.BAD_REQUEST, "Signing in did not work out"),
    ProviderError: Kind(HTTPStatus.BAD_GATEWAY, "The identity provider does not answer as it should"),
    AccountTakenError: Kind(HTTPStatus.CONFLICT, "The account belongs to another user"),
    LimitExceededError: Kind(HTTPStatus.TOO_MANY_REQUESTS, "A limit is used up"),
    IdempotencyError: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The idempotency key cannot be honoured"),
    PermissionDeniedError: _REFUSED,
    UniqueViolationError: Kind(HTTPStatus.CONFLICT, "This exists already"),
    ForeignKeyError: Kind(HTTPStatus.CONFLICT, "Something this refers to does not exist, or is still in use"),
    CheckViolationError: _UNFIT,
    NotNullError: _UNFIT,
    SerializationError: Kind(HTTPStatus.CONFLICT, "Somebody else changed this at the same time", _SOON),
    LockTimeoutError: _BUSY,
    StatementTimeoutError: Kind(HTTPStatus.GATEWAY_TIMEOUT, "This took too long"),
    PoolTimeoutError: _BUSY,
    ConnectionLostError: _BUSY,
}
_KINDS_OF_CODES: Final[Mapping[Code, Kind]] = {
    Code.VALUE_INVALID: _UNFIT,
    Code.IDENTITY_MISMATCH: OPAQUE,
    Code.IDEMPOTENCY_IN_FLIGHT: Kind(HTTPStatus.CONFLICT, "The same request is under way", _SOON),
}
# Class 22 (data exception), where the value is the caller's: out of range, a character that text cannot hold, a date
# that is none. Division by zero and the like are in the same class, and are the program's.
_UNFIT_STATES: Final = frozenset({"22001", "22003", "22007", "22008", "22021", "22P02", "22P05"})


def kind_of(error: FreeholdError) -> Kind:
    """How ``error`` is answered; `OPAQUE` for one that is no caller's business."""
    if isinstance(error, Refusal):
        return Kind(error.status, error.title, error.headers)
    if isinstance(error, LimitExceededError):
        return replace(_KINDS[LimitExceededError], headers=error.headers)
    if error.code not in _KINDS_OF_CODES and isinstance(error, DatabaseError) and error.sqlstate in _UNFIT_STATES:
        return _UNFIT
    return kind_of_class(type(error), error.code)


def kind_of_class(error: type[FreeholdError], code: Code | None = None) -> Kind:
    """How errors of a class are answered, or those of it that have ``code``."""
    if code is not None and code in _KINDS_OF_CODES:
        return _KINDS_OF_CODES[code]
    return next((_KINDS[each] for each in error.__mro__ if each in _KINDS), OPAQUE)


def problem_of(error: FreeholdError) -> Problem:
    """What the caller learns of ``error``."""
    kind = kind_of(error)
    if kind is OPAQUE:
        return Problem(title=kind.title, status=kind.status)
    told = isinstance(error, ActionError)
    errors = tuple(Fault(pointer=each.pointer, message=each.message) for each in _faults(error))
    code = error.slug if isinstance(error, Refusal) else error.code
    return Problem(
        type=f"/errors/{code}",
        title=kind.title,
        status=kind.status,
        code=code,
        detail=error.message if told and error.message.rstrip(".") != kind.title else None,
        hint=error.hint if told else None,
        errors=errors or None,
    )


def _faults(error: FreeholdError) -> tuple[FieldError, ...]:
    if isinstance(error, Refusal):
        return error.pointers
    return error.errors if isinstance(error, InvalidInputError) else ()
