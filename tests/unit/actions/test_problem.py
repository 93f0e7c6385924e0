"""What callers learn of errors: the kind, the code, and nothing that names the database's insides."""

from __future__ import annotations

import pytest

from freehold import errors
from freehold.actions.problem import OPAQUE, kind_of, problem_of
from freehold.errors import Code, DatabaseError, FreeholdError

SECRET = "public.keys_user_id_key"
STATUSES: dict[type[FreeholdError], int] = {
    errors.FreeholdError: 500,
    errors.DeclarationError: 500,
    errors.ConfigurationError: 500,
    errors.IdentityError: 401,
    errors.StatementError: 500,
    errors.SealError: 500,
    errors.KeyWorkError: 500,
    errors.NotVisibleError: 404,
    errors.ServerError: 500,
    errors.RoleError: 500,
    errors.MigrationError: 500,
    errors.ActionError: 500,
    errors.InvalidInputError: 422,
    errors.UnauthenticatedError: 401,
    errors.CrossSiteError: 403,
    errors.CredentialError: 403,
    errors.TokenLimitError: 409,
    errors.SignInError: 400,
    errors.ProviderError: 502,
    errors.AccountTakenError: 409,
    errors.LimitExceededError: 429,
    errors.IdempotencyError: 422,
    errors.DatabaseError: 500,
    errors.PermissionDeniedError: 403,
    errors.PolicyViolationError: 403,
    errors.ConstraintError: 500,
    errors.UniqueViolationError: 409,
    errors.ForeignKeyError: 409,
    errors.CheckViolationError: 422,
    errors.NotNullError: 422,
    errors.SerializationError: 409,
    errors.StatementTimeoutError: 504,
    errors.LockTimeoutError: 503,
    errors.ConnectionLostError: 503,
    errors.PoolTimeoutError: 503,
}


def _classes(root: type[FreeholdError]) -> set[type[FreeholdError]]:
    return {root}.union(*(_classes(each) for each in root.__subclasses__()))


def _error(kind: type[FreeholdError], code: Code = Code.DATABASE) -> FreeholdError:
    if issubclass(kind, errors.InvalidInputError):
        return kind(code, SECRET, hint=SECRET, errors=(errors.FieldError("/name", "Too short."),))
    if issubclass(kind, errors.LimitExceededError):
        return kind(code, SECRET, hint=SECRET, headers={"Retry-After": "1"})
    return kind(code, SECRET, hint=SECRET)


def test_every_class_of_error_has_a_status() -> None:
    """A new class must choose."""
    assert {each for each in _classes(FreeholdError) if each.__module__ == "freehold.errors"} == set(STATUSES)


@pytest.mark.parametrize("kind", STATUSES, ids=lambda kind: kind.__name__)
def test_an_error_is_answered_with_its_status(kind: type[FreeholdError]) -> None:
    """The status that clients act upon."""
    assert problem_of(_error(kind)).status == STATUSES[kind]


@pytest.mark.parametrize("kind", STATUSES, ids=lambda kind: kind.__name__)
def test_only_an_actions_own_words_are_told(kind: type[FreeholdError]) -> None:
    """Everybody else's messages and hints are for programmers."""
    problem = problem_of(_error(kind))
    told = issubclass(kind, errors.ActionError) and problem.status != 500
    assert (SECRET in problem.model_dump_json()) is told


def test_what_is_nobodys_business_has_no_code() -> None:
    """An opaque answer tells nothing but that it is one."""
    problem = problem_of(_error(errors.ConfigurationError))
    assert problem.model_dump(exclude_none=True) == {"type": "about:blank", "title": OPAQUE.title, "status": 500}


def test_the_type_is_the_page_about_the_code() -> None:
    """Errors have pages by code."""
    problem = problem_of(_error(errors.NotVisibleError, Code.NOT_VISIBLE))
    assert (problem.type, problem.code) == ("/errors/FH206", "FH206")


def test_the_errors_of_fields_are_listed() -> None:
    """With a pointer to each."""
    problem = problem_of(_error(errors.InvalidInputError, Code.INPUT_INVALID))
    assert [(each.pointer, each.message) for each in problem.errors or ()] == [("/name", "Too short.")]


@pytest.mark.parametrize(
    ("sqlstate", "status"), [("22P05", 422), ("22021", 422), ("22003", 422), ("22012", 500), ("42601", 500)]
)
def test_a_value_that_cannot_be_stored_is_the_callers(sqlstate: str, status: int) -> None:
    """Division by zero, in the same class of SQLSTATEs, is the program's."""
    assert problem_of(DatabaseError(Code.DATABASE, SECRET, sqlstate=sqlstate)).status == status


def test_a_code_may_decide() -> None:
    """A text with NUL is the caller's mistake, an answer that was another's is nobody's business."""
    assert kind_of(_error(errors.StatementError, Code.VALUE_INVALID)).status == 422
    assert kind_of(_error(errors.ConnectionLostError, Code.IDENTITY_MISMATCH)) is OPAQUE


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        (errors.UnauthenticatedError, {"WWW-Authenticate": "Bearer"}),
        (errors.SerializationError, {"Retry-After": "1"}),
        (errors.PoolTimeoutError, {"Retry-After": "1"}),
        (errors.NotVisibleError, {}),
    ],
)
def test_headers_say_what_to_do_next(kind: type[FreeholdError], header: dict[str, str]) -> None:
    """Who to be, or when to come back."""
    assert kind_of(_error(kind)).headers == header
