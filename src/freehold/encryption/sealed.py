"""A sealed value in a program: opaque until somebody says `reveal`, and bound to the row it came from."""

# ruff: noqa: PLC0415 - see `freehold.encryption.cipher`

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, Self, TypeVar, get_args

from freehold.encryption.chain import KeyChain, OwnChain
from freehold.encryption.envelope import PREFIX, kid_of
from freehold.encryption.legacy import unreadable
from freehold.encryption.provider import missing
from freehold.errors import Code, SealError, StatementError

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

T = TypeVar("T")

_HIDDEN: Final = "**********"


class Codec:
    """The bytes of a column's values: text as UTF-8, bytes as they are, anything else as the JSON of its type."""

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation
        self.document = annotation not in (str, bytes)
        from pydantic import TypeAdapter

        self._adapter: TypeAdapter[Any] = TypeAdapter(annotation)

    def dump(self, value: Any) -> bytes:
        """The bytes of a value; raises `StatementError` (FH210), without the value, for one of another type."""
        if self.annotation is bytes and isinstance(value, bytes):
            return value
        try:
            if self.annotation is str and isinstance(value, str):
                return value.encode()
            if self.document:
                return self._adapter.dump_json(self._adapter.validate_python(value))
        except (ValueError, TypeError):  # pydantic's ValidationError is a ValueError
            pass
        del value
        raise StatementError(
            Code.VALUE_INVALID,
            "A sealed value does not fit the type of its column.",
            hint="Seal a value of the annotated type: Sealed[str] takes text.",
        )

    def load(self, data: bytes) -> Any:
        """The value of bytes that `dump` made; raises `StatementError` (FH210), without them, for others."""
        if self.annotation is bytes:
            return data
        try:
            return self._adapter.validate_json(data) if self.document else data.decode()
        except ValueError:  # pydantic's and UnicodeDecodeError are
            pass
        del data
        raise StatementError(
            Code.VALUE_INVALID,
            "A sealed value does not fit the type of its column.",
            hint="If the stored values are older than the type, migrate them.",
        )

    def empty(self) -> Any:
        """What the old platform's empty text means."""
        return self.load(b"{}" if self.document else b"")


@dataclass(frozen=True)
class Place:
    """A sealed column. ``legacy``: values of the old platform are read as well; ``indexed``: it has a blind index."""

    table: str
    column: str
    codec: Codec
    legacy: bool = False
    indexed: bool = False


class Sealed(Generic[T]):
    """A value of a sealed column.

    ``Sealed("sk-...")`` holds a value to be stored; one that was read is ciphertext until `reveal`. Neither shows
    itself in ``repr``, logs, JSON or a copy that leaves the process; two of them are equal only if they are the same.
    """

    __slots__ = ("_plain",)

    def __init__(self, value: T) -> None:
        self._plain: T = value

    def reveal(self) -> T:
        """The value; decrypted each time, never kept.

        Raises `SealError`: FH504 for one that was changed or moved, FH505 without its key, FH508 for a value of the
        old platform that cannot be read.
        """
        return self._plain

    @property
    def authenticated(self) -> bool:
        """Whether the value is known to be what was stored; False for one of the old platform."""
        return True

    def __repr__(self) -> str:
        return "<Sealed>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: Any) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a sealed value does not leave the process: reveal it where it is used")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """In an input: the plain value, taken in and hidden. In an output: stars."""
        from pydantic_core import core_schema

        (inner,) = get_args(source) or (str,)
        taken = core_schema.no_info_after_validator_function(cls, handler.generate_schema(inner))
        schema = core_schema.json_or_python_schema(
            json_schema=taken,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), taken]),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda _: _HIDDEN),
        )
        schema["metadata"] = {"pydantic_js_updates": {"format": "password", "writeOnly": True}}
        return schema


class Stored(Sealed[T]):
    """A value that was read: its text, the owner, row and column it is bound to, and the keys to open it with.

    Owner and row are as the driver gives them, text or UUID; None where they are not known. It is made without
    arguments and filled in, one attribute after the other, because that is fastest, and it is made for every row.
    """

    __slots__ = ("chain", "owner", "place", "row", "text")

    text: str
    owner: Any
    row: Any
    place: Place
    chain: KeyChain | OwnChain | None

    if TYPE_CHECKING:

        def __init__(self) -> None: ...
    else:
        __init__ = object.__init__  # no call of Python's for each of them

    def reveal(self) -> T:
        """The value, as `Sealed.reveal`."""
        revealed: T = _revealed(self)
        return revealed

    @property
    def authenticated(self) -> bool:
        """Whether it has the form that vouches for it."""
        return self.text.startswith(PREFIX)


def loaded(text: str, owner: Any, row: Any, place: Place, chain: KeyChain | OwnChain | None) -> Stored[Any]:
    """A value as it was read."""
    stored: Stored[Any] = Stored()
    stored.text, stored.owner, stored.row, stored.place, stored.chain = text, owner, row, place, chain
    return stored


def sealed_for(sealed: Sealed[Any], place: Place, owner: str, row: str, chain: KeyChain) -> Sealed[Any]:
    """The value as ciphertext for one row of a column; sealed anew if it came from another place."""
    if (
        isinstance(sealed, Stored)
        and sealed.authenticated
        and (str(sealed.owner), str(sealed.row), sealed.place) == (owner, row, place)
    ):
        return sealed
    text = chain.sealing(owner).seal(place.codec.dump(sealed.reveal()), place.table, place.column, owner, row)
    return loaded(text, owner, row, place, chain)


def _revealed(stored: Stored[Any]) -> Any:
    text, owner, row, place, chain = stored.text, stored.owner, stored.row, stored.place, stored.chain
    if owner is None:
        raise _unplaced()
    if chain is None:
        raise missing()
    owner, row = str(owner), str(row)
    try:
        if not text.startswith(PREFIX):
            return _old(text, place, chain)
        key = chain.opening(owner, kid_of(text))
        return place.codec.load(key.open(text, place.table, place.column, owner, row))
    except SealError as error:
        if error.code is Code.SEAL_KEY_UNKNOWN:
            chain.tally.key_unknown += 1
        elif error.code is Code.SEAL_LEGACY:
            chain.tally.legacy_failed += 1
        else:
            chain.tally.broken += 1
        raise


def _unplaced() -> StatementError:
    return StatementError(
        Code.SEALED_UNPLACED,
        "A sealed value was read without its row, so it is not known what it is bound to.",
        hint="Read it as part of its model, or with scope.all(select(Model.column)).",
    )


def _old(text: str, place: Place, chain: KeyChain | OwnChain) -> Any:
    """A value of the old platform: ciphertext, nothing, or for a document plain JSON."""
    if not place.legacy:
        raise unreadable()
    if text == "":
        value = place.codec.empty()
    elif place.codec.document and text.lstrip().startswith(("{", "[")):
        value = place.codec.load(text.encode())
    elif chain.ring.legacy is None:
        raise unreadable()
    else:
        value = place.codec.load(chain.ring.legacy.open(text))
    chain.tally.legacy_read += 1
    return value
