"""A sealed value never shows itself, wherever it turns up."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from freehold.encryption import Codec, KeyChain, KeyRing, Place, RingKey, Sealed, Stored, loaded, sealed_for
from freehold.errors import SealError, StatementError

SECRET = "planted-4f1c9e"
PLACE = Place("keys", "value", Codec(str))
CHAIN = KeyChain(KeyRing((RingKey.new("a"),)))


class Body(BaseModel):
    """What an action may take and give."""

    value: Sealed[str]
    env: Sealed[dict[str, str]] | None = None


def test_it_hides(caplog: pytest.LogCaptureFixture) -> None:
    """In repr, formats, logs, JSON, copies, tracebacks with local variables, and inside other values."""
    for value in (Sealed(SECRET), sealed_for(Sealed(SECRET), PLACE, "", "row", CHAIN)):
        logging.getLogger("test").warning("%s %r %s", value, value, [value])
        shown = [repr(value), str(value), f"{value}", f"{value!r:>20}", repr({"v": (value,)}), caplog.text]
        with pytest.raises(ValueError) as failed:
            _fail(value)
        lines = traceback.TracebackException.from_exception(failed.value, capture_locals=True).format()
        shown += [line for line in lines if __file__ not in line or "_fail" in line]
        shown.append(Body(value=value).model_dump_json())
        shown.append(repr(Body(value=value)))
        assert not any(SECRET in text for text in shown)
        for refuse in (json.dumps, pickle.dumps):
            with pytest.raises(TypeError):
                refuse(value)
        assert copy.copy(value) is copy.deepcopy(value) is value
        assert value.reveal() == SECRET
        assert value != Sealed(SECRET)


def _fail(value: Sealed[str]) -> None:
    raise ValueError(value)


def test_it_is_an_input() -> None:
    """Pydantic takes the plain value in, and the schema says that it is never given out."""
    body = Body.model_validate_json(json.dumps({"value": SECRET, "env": {"A": "b"}}))
    assert body.value.reveal() == SECRET
    assert body.env is not None
    assert body.env.reveal() == {"A": "b"}
    schema = json.dumps(TypeAdapter(Body).json_schema())
    assert '"writeOnly": true' in schema
    assert SECRET not in schema
    with pytest.raises(ValidationError):
        Body.model_validate({"value": 3})


def test_codecs() -> None:
    """Each kind comes back as it was; another type is refused without showing it."""
    for annotation, value in ((str, "ä"), (bytes, b"\0\xff"), (dict[str, str], {"a": "b"}), (list[int], [1])):
        codec = Codec(annotation)
        assert codec.load(codec.dump(value)) == value
        with pytest.raises(StatementError) as error:
            codec.dump(object())
        assert error.value.__context__ is None
        assert error.value.__cause__ is None
    with pytest.raises(StatementError) as error:
        Codec(dict[str, int]).load(json.dumps({"a": SECRET}).encode())
    assert SECRET not in "".join(traceback.format_exception(error.value))
    assert error.value.__context__ is None


def test_a_value_is_sealed_again_elsewhere() -> None:
    """The same place keeps its ciphertext; another place gets its own."""
    first = sealed_for(Sealed(SECRET), PLACE, "", "row", CHAIN)
    assert sealed_for(first, PLACE, "", "row", CHAIN) is first
    moved = sealed_for(first, PLACE, "", "other", CHAIN)
    assert isinstance(first, Stored)
    assert moved.reveal() == SECRET
    with pytest.raises(SealError):
        loaded(first.text, "", "other", PLACE, CHAIN).reveal()


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [(str, "", ""), (dict[str, str], "", {}), (dict[str, str], '{"A": "b"}', {"A": "b"})],
)
def test_legacy_shapes(annotation: object, text: str, value: object) -> None:
    """Empty means empty, and a document may be plain JSON: flagged, counted, and refused once legacy is off."""
    before = CHAIN.tally.legacy_read
    old = loaded(text, "", "row", Place("t", "c", Codec(annotation), legacy=True), CHAIN)
    assert old.reveal() == value
    assert not old.authenticated
    assert CHAIN.tally.legacy_read == before + 1
    with pytest.raises(SealError):
        loaded(text, "", "row", Place("t", "c", Codec(annotation)), CHAIN).reveal()
    with pytest.raises(SealError):
        loaded("plain text", "", "row", Place("t", "c", Codec(str), legacy=True), CHAIN).reveal()
