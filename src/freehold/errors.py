"""The error tree: every failure freehold reports, with a code, a message, a detail and a hint.

    FreeholdError
    ├── DeclarationError            a model, policy or action that cannot be right (at import)
    ├── ConfigurationError          settings that are missing or contradict each other
    ├── IdentityError               claims that do not name a caller
    ├── StatementError              a statement refused before it was sent
    ├── SealError                   a sealed value that does not open, or whose key is missing
    ├── KeyWorkError                rotation or migration of sealed values that cannot begin, or is incomplete
    ├── NotVisibleError             the row asked for does not exist for this caller
    ├── ServerError                 the embedded server cannot be started, shared or stopped
    ├── RoleError                   a login role that could step around row level security
    ├── MigrationError              history, plan or application of a migration
    ├── ActionError                 an action that was refused
    │   ├── InvalidInputError       the input does not fit the action's signature
    │   ├── UnauthenticatedError    no caller, where one is needed
    │   ├── CrossSiteError          a browser request that another site caused
    │   ├── CredentialError         a credential that is not good for what it was shown for
    │   ├── TokenLimitError         as many tokens in force as one user may have
    │   ├── LimitExceededError      a quota or a burst that is used up
    │   ├── IdempotencyError        an idempotency key that cannot be honoured
    │   └── SignInError             signing in at a provider did not work out
    │       ├── ProviderError       the provider did not answer, or not as agreed
    │       └── AccountTakenError   the account at the provider is somebody else's here
    └── DatabaseError               PostgreSQL said no; ``sqlstate`` says why
        ├── PermissionDeniedError   a privilege is missing
        │   └── PolicyViolationError  row level security refused a new row
        ├── ConstraintError
        │   ├── UniqueViolationError
        │   ├── ForeignKeyError
        │   ├── CheckViolationError
        │   └── NotNullError
        ├── SerializationError      safe to retry as a whole transaction
        ├── StatementTimeoutError
        ├── LockTimeoutError
        ├── ConnectionLostError
        └── PoolTimeoutError

A class stands where a caller would react differently; a code where only the explanation differs.
Messages never hold claims, parameters, plaintext or row values.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Code(StrEnum):
    """The codes, one page each under ``docs/errors/``."""

    # 1xx: declarations
    ACCESS_UNDECLARED = "FH101"
    OWNER_NULLABLE = "FH102"
    OWNER_REPEATED = "FH103"
    PARENT_NOT_OWNED = "FH104"
    POLICY_COLUMN_UNKNOWN = "FH105"
    POLICY_INVALID = "FH106"
    COLUMN_TYPE_UNKNOWN = "FH107"
    TIMESTAMP_NAIVE = "FH108"
    KEY_MISSING = "FH109"
    ACTION_SIGNATURE = "FH110"
    QUERY_SIGNATURE = "FH111"
    TABLE_UNNAMED = "FH112"
    DEFAULT_SHARED = "FH113"
    # 2xx: scopes and statements
    IDENTITY_MALFORMED = "FH201"
    CLAIMS_MISSING = "FH202"
    STATEMENT_UNSUPPORTED = "FH203"
    OWNER_UNNAMED = "FH204"
    JOIN_UNSUPPORTED = "FH205"
    NOT_VISIBLE = "FH206"
    ROW_COUNT = "FH207"
    SCOPE_CLOSED = "FH208"
    IDENTITY_MISMATCH = "FH209"
    VALUE_INVALID = "FH210"
    TRANSACTION_ABORTED = "FH211"
    CURSOR_INVALID = "FH212"
    RELATION_UNKNOWN = "FH213"
    # 3xx: settings, servers, connections
    SETTING_MISSING = "FH301"
    SETTING_INVALID = "FH302"
    EMBEDDED_MISSING = "FH303"
    DIRECTORY_OCCUPIED = "FH304"
    SERVER_START = "FH305"
    SERVER_STOP = "FH306"
    CONNECTION_REFUSED = "FH307"
    CONNECTION_LOST = "FH308"
    POOL_TIMEOUT = "FH309"
    ROLE_UNSAFE = "FH310"
    SERVER_TOO_OLD = "FH311"
    BOOTSTRAP_FORBIDDEN = "FH312"
    PORT_IN_USE = "FH313"
    FILE_UNUSABLE = "FH314"
    # 35x: what PostgreSQL answered
    DATABASE = "FH350"
    PERMISSION_DENIED = "FH351"
    POLICY_VIOLATION = "FH352"
    UNIQUE_VIOLATION = "FH353"
    FOREIGN_KEY = "FH354"
    CHECK_VIOLATION = "FH355"
    NOT_NULL = "FH356"
    SERIALIZATION = "FH357"
    STATEMENT_TIMEOUT = "FH358"
    LOCK_TIMEOUT = "FH359"
    # 4xx: migrations
    MODELS_UNIMPORTABLE = "FH401"
    HISTORY_EDITED = "FH402"
    REVISION_MISSING = "FH403"
    HEADS_DIVERGED = "FH404"
    DATABASE_FOREIGN = "FH405"
    REVISION_HALF_APPLIED = "FH406"
    CHANGE_UNSUPPORTED = "FH407"
    DROP_REFUSED = "FH408"
    LOCK_BUSY = "FH409"
    PROOF_FAILED = "FH410"
    FACTS_DIFFER = "FH411"
    APPLY_FAILED = "FH412"
    COLUMN_NEEDS_DEFAULT = "FH413"
    GRANT_UNGUARDED = "FH414"
    MODELS_REFUSED = "FH415"
    UNIT_BLOCKED = "FH416"
    REVISION_HALF_UNDONE = "FH417"
    SIGN_OFF_MISSING = "FH418"
    RENAME_AMBIGUOUS = "FH419"
    CHANGE_UNSAFE = "FH420"
    REWRITE_REFUSED = "FH421"
    INDEX_OCCUPIED = "FH422"
    ROWS_HIDDEN = "FH423"
    ROWS_LEFT = "FH424"
    DATABASE_UNPREPARED = "FH425"
    # 43x: taking over, squashing, joining histories
    BASELINE_DIFFERS = "FH430"
    OBJECTS_NOT_OWNED = "FH431"
    BASELINE_IMPOSSIBLE = "FH432"
    DATABASE_TRACKED = "FH433"
    BRANCHES_CONFLICT = "FH434"
    SQUASH_DIFFERS = "FH435"
    REVISION_UNKNOWN = "FH436"
    # 50x, 51x: sealed values and keys
    KEYS_MISSING = "FH501"
    KEYS_INVALID = "FH502"
    SEALED_PLAIN = "FH503"
    SEAL_BROKEN = "FH504"
    SEAL_KEY_UNKNOWN = "FH505"
    SEALED_UNPLACED = "FH506"
    SEALED_COMPARED = "FH507"
    SEAL_LEGACY = "FH508"
    SEALED_UNDECLARABLE = "FH509"
    ROTATION_BUSY = "FH510"
    ROTATION_INCOMPLETE = "FH511"
    KEY_OWNER_UNKNOWN = "FH512"
    # 6xx: actions
    INPUT_INVALID = "FH601"
    UNAUTHENTICATED = "FH602"
    CROSS_SITE = "FH603"
    SCOPE_MISSING = "FH604"
    LIMIT_EXCEEDED = "FH605"
    IDEMPOTENCY_KEY = "FH606"
    IDEMPOTENCY_MISMATCH = "FH607"
    IDEMPOTENCY_IN_FLIGHT = "FH608"
    ACTION_REFUSED = "FH609"
    SCHEMA_COLUMN = "FH610"
    LIMIT_INVALID = "FH611"
    STREAMS_MANY = "FH612"
    ACTIONS_UNIMPORTABLE = "FH613"
    TABLE_ABSENT = "FH614"
    # 70x, 71x: sign-in and credentials
    CREDENTIAL_SCOPE = "FH701"
    TOKENS_FULL = "FH702"
    CLAIMS_UNDECLARABLE = "FH703"
    CREDENTIAL_SHAPE = "FH704"
    PROVIDER_UNAVAILABLE = "FH705"
    SIGN_IN_STALE = "FH706"
    SIGN_IN_DENIED = "FH707"
    EMAIL_UNVERIFIED = "FH708"
    ACCOUNT_TAKEN = "FH709"
    RETURN_REFUSED = "FH710"
    # 8xx: audit, proof and testing
    BASELINE_UNREADABLE = "FH801"
    MATRIX_UNREADABLE = "FH802"
    SOURCE_MISSING = "FH803"
    PROOF_ADMIN = "FH810"
    PROOF_CLONE = "FH811"
    TESTING_UNPROTECTED = "FH812"
    TESTING_UNDECLARED = "FH813"


class FreeholdError(Exception):
    """The root of everything freehold raises.

    ``code`` identifies the explanation, ``message`` is one sentence, ``detail`` adds what is known,
    ``hint`` contains the fix.
    """

    def __init__(self, code: Code, message: str, *, detail: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail
        self.hint = hint

    def __str__(self) -> str:
        lines = [f"{self.code}: {self.message}"]
        if self.detail:
            lines.append(f"  detail: {self.detail}")
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class DeclarationError(FreeholdError):
    """A model, policy or action that cannot be right; raised at import."""


class ConfigurationError(FreeholdError):
    """Settings that are missing or contradict each other."""


class IdentityError(FreeholdError):
    """Claims that do not name a caller."""


class StatementError(FreeholdError):
    """A statement refused before it was sent."""


class SealError(FreeholdError):
    """A sealed value that does not open, or whose key is missing; it does not say more than its code."""


class KeyWorkError(FreeholdError):
    """Rotation or migration of sealed values that cannot begin, or did not do all of them."""


class NotVisibleError(FreeholdError):
    """The row asked for does not exist for this caller; whether it exists for another is not told."""


class ServerError(FreeholdError):
    """The embedded server cannot be started, shared or stopped."""


class RoleError(FreeholdError):
    """A login role that could step around row level security."""


class MigrationError(FreeholdError):
    """History, plan or application of a migration."""


class ActionError(FreeholdError):
    """An action that was refused."""


class InvalidInputError(ActionError):
    """The input does not fit the action's signature; ``errors`` has one entry per field."""

    def __init__(self, code: Code, message: str, *, errors: tuple[FieldError, ...], hint: str | None = None) -> None:
        super().__init__(code, message, hint=hint)
        self.errors = errors


class FieldError:
    """What is wrong with one field: a JSON pointer (RFC 6901) and a sentence."""

    __slots__ = ("message", "pointer")

    def __init__(self, pointer: str, message: str) -> None:
        self.pointer = pointer
        self.message = message

    def __repr__(self) -> str:
        return f"FieldError({self.pointer!r}, {self.message!r})"


class UnauthenticatedError(ActionError):
    """No caller, where one is needed."""


class CrossSiteError(ActionError):
    """A browser request that another site caused."""


class CredentialError(ActionError):
    """A credential that is not good for what it was shown for."""


class TokenLimitError(ActionError):
    """The user has as many tokens in force as one may have."""


class SignInError(ActionError):
    """Signing in at a provider did not work out; begin again."""


class ProviderError(SignInError):
    """The identity provider did not answer, or not as agreed; the user can do nothing but wait."""


class AccountTakenError(SignInError):
    """The account at the provider belongs to another user here."""


class LimitExceededError(ActionError):
    """A quota or a burst is used up; ``headers`` tell when there is more (RateLimit, Retry-After)."""

    def __init__(self, code: Code, message: str, *, headers: Mapping[str, str], hint: str | None = None) -> None:
        super().__init__(code, message, hint=hint)
        self.headers = headers


class IdempotencyError(ActionError):
    """An idempotency key that is malformed, was used for another request, or is in use at this moment."""


class DatabaseError(FreeholdError):
    """PostgreSQL refused or failed; ``sqlstate`` is its five-character code, or None without an answer."""

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        sqlstate: str | None = None,
        detail: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(code, message, detail=detail, hint=hint)
        self.sqlstate = sqlstate


class PermissionDeniedError(DatabaseError):
    """The role lacks a privilege (42501)."""


class PolicyViolationError(PermissionDeniedError):
    """Row level security refused a new row (42501)."""


class ConstraintError(DatabaseError):
    """A constraint refused the row; ``constraint``, ``table`` and ``columns`` name it, never its values."""

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        sqlstate: str | None = None,
        hint: str | None = None,
        table: str | None = None,
        constraint: str | None = None,
        columns: tuple[str, ...] = (),
    ) -> None:
        super().__init__(code, message, sqlstate=sqlstate, hint=hint)
        self.table = table
        self.constraint = constraint
        self.columns = columns


class UniqueViolationError(ConstraintError):
    """A row with this key exists (23505)."""


class ForeignKeyError(ConstraintError):
    """The row referred to does not exist for this owner, or is still referred to (23503)."""


class CheckViolationError(ConstraintError):
    """A CHECK constraint refused the row (23514)."""


class NotNullError(ConstraintError):
    """A column that must have a value has none (23502)."""


class SerializationError(DatabaseError):
    """A concurrent transaction won (40001, 40P01); the whole transaction may be run again."""


class StatementTimeoutError(DatabaseError):
    """The statement took longer than its limit, or was cancelled (57014)."""


class LockTimeoutError(DatabaseError):
    """A lock was not to be had in time (55P03)."""


class ConnectionLostError(DatabaseError):
    """The connection ended before the answer came; for a write the outcome is unknown."""


class PoolTimeoutError(DatabaseError):
    """No connection became free in time."""
