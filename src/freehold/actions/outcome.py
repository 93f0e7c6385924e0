"""Every problem that an action may answer with, known beforehand: for its OpenAPI document and its clients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from freehold.actions.action import Action
from freehold.actions.problem import OPAQUE, kind_of_class
from freehold.actions.refusal import Refusal
from freehold.errors import (
    AccountTakenError,
    CheckViolationError,
    Code,
    ConnectionLostError,
    CredentialError,
    CrossSiteError,
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
    PolicyViolationError,
    PoolTimeoutError,
    SerializationError,
    StatementTimeoutError,
    TokenLimitError,
    UnauthenticatedError,
    UniqueViolationError,
)

_ALWAYS: Final = (
    (InvalidInputError, Code.INPUT_INVALID),
    (UnauthenticatedError, Code.UNAUTHENTICATED),
    (IdentityError, Code.IDENTITY_MALFORMED),
    (NotVisibleError, Code.NOT_VISIBLE),
    (PermissionDeniedError, Code.PERMISSION_DENIED),
    (ConnectionLostError, Code.CONNECTION_LOST),
    (ConnectionLostError, Code.CONNECTION_REFUSED),
    (PoolTimeoutError, Code.POOL_TIMEOUT),
    (StatementTimeoutError, Code.STATEMENT_TIMEOUT),
    (LockTimeoutError, Code.LOCK_TIMEOUT),
)
_CHANGING: Final = (
    (CrossSiteError, Code.CROSS_SITE),
    (IdempotencyError, Code.IDEMPOTENCY_KEY),
    (PolicyViolationError, Code.POLICY_VIOLATION),
    (UniqueViolationError, Code.UNIQUE_VIOLATION),
    (ForeignKeyError, Code.FOREIGN_KEY),
    (CheckViolationError, Code.CHECK_VIOLATION),
    (NotNullError, Code.NOT_NULL),
    (SerializationError, Code.SERIALIZATION),
)
_IDEMPOTENT: Final = (
    (IdempotencyError, Code.IDEMPOTENCY_MISMATCH),
    (IdempotencyError, Code.IDEMPOTENCY_IN_FLIGHT),
)
_OF_CREDENTIALS: Final = (
    (CredentialError, Code.CREDENTIAL_SCOPE),
    (TokenLimitError, Code.TOKENS_FULL),
    (AccountTakenError, Code.ACCOUNT_TAKEN),
)
_UNFIT: Final = (Code.VALUE_INVALID, Code.DATABASE)
_OF_HTTP: Final = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


@dataclass(frozen=True)
class Outcome:
    """``code`` is None where HTTP's own status says all there is; ``declared``: the action names it itself."""

    status: HTTPStatus
    title: str
    code: str | None = None
    declared: bool = False


def outcomes(action: Action[..., Any]) -> tuple[Outcome, ...]:
    """The problems of ``action``, those it declares first."""
    known = {(each.status, each.code): each for each in reversed((*_declared(action), *_general(action)))}
    return tuple(reversed(known.values()))


def _declared(action: Action[..., Any]) -> Iterator[Outcome]:
    for error in action.errors:
        if issubclass(error, Refusal):
            yield Outcome(error.status, error.title, error.slug, declared=True)
        else:
            yield from (_outcome(kind, code) for kind, code in _known_codes() if issubclass(kind, error))


def _general(action: Action[..., Any]) -> Iterator[Outcome]:
    yield from (_outcome(kind, code) for kind, code in _ALWAYS)
    unfit = kind_of_class(CheckViolationError)
    yield from (Outcome(unfit.status, unfit.title, code) for code in _UNFIT)
    if action.scope is not None:
        yield _outcome(CredentialError, Code.SCOPE_MISSING)
    if action.limits:
        yield _outcome(LimitExceededError, Code.LIMIT_EXCEEDED)
    if not action.reads:
        yield from (_outcome(kind, code) for kind, code in _CHANGING)
        yield from (Outcome(status, status.phrase) for status in _OF_HTTP)
    if action.idempotent:
        yield from (_outcome(kind, code) for kind, code in _IDEMPOTENT)
    yield Outcome(OPAQUE.status, OPAQUE.title)


def _outcome(kind: type[FreeholdError], code: Code) -> Outcome:
    found = kind_of_class(kind, code)
    return Outcome(found.status, found.title, code)


def _known_codes() -> tuple[tuple[type[FreeholdError], Code], ...]:
    return (*_ALWAYS, *_CHANGING, *_IDEMPOTENT, *_OF_CREDENTIALS, (LimitExceededError, Code.LIMIT_EXCEEDED))
