"""From bytes to an input: everything that does not fit is named by a pointer, and no value is repeated."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, field_validator

from freehold.actions.field import Fields
from freehold.actions.input import Reader
from freehold.errors import Code, InvalidInputError

Word = Annotated[str, Field(pattern=r"^\S*$")]


class Closed(BaseModel):
    """What inputs have in common."""

    model_config = ConfigDict(extra="forbid")


class Line(Closed):
    """One line."""

    text: str


class Order(Closed):
    """An input with a bit of everything."""

    name: Annotated[str, Field(min_length=2, max_length=5)]
    count: Annotated[int, Field(ge=1)] = 1
    urgent: bool = False
    size: Literal["s", "l"] = "s"
    tags: list[str] = []
    lines: list[Line] = []
    extra: dict[str, str] = {}
    words: dict[Word, Word] = {}

    @field_validator("name")
    @classmethod
    def _not_bob(cls, name: str) -> str:
        if name == "bob":
            raise ValueError("Not bob.")
        return name


READER = Reader(Order)


def _errors(body: object) -> dict[str, str]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(InvalidInputError) as caught:
        READER.from_json(content)
    assert caught.value.code is Code.INPUT_INVALID
    return {each.pointer: each.message for each in caught.value.errors}


def _form_errors(body: bytes) -> dict[str, str]:
    with pytest.raises(InvalidInputError) as caught:
        READER.from_form(Fields.parse(body))
    return {each.pointer: each.message for each in caught.value.errors}


def test_what_fits_is_read() -> None:
    """As JSON and as a form alike."""
    order = Order(name="ann", count=2, urgent=True, tags=["a"])
    assert READER.from_json(b'{"name":"ann","count":2,"urgent":true,"tags":["a"]}') == order
    assert READER.from_form(Fields.parse(b"name=ann&count=2&urgent=on&tags=a")) == order


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"/name": "This is required."}),
        ({"name": "a"}, {"/name": "Use at least 2 characters."}),
        ({"name": "abcdef"}, {"/name": "Use at most 5 characters."}),
        ({"name": "bob"}, {"/name": "Not bob."}),
        ({"name": 7}, {"/name": "This must be text."}),
        ({"name": "ann", "count": 0}, {"/count": "This must be at least 1."}),
        ({"name": "ann", "size": "xl"}, {"/size": "This must be 's' or 'l'."}),
        ({"name": "ann", "nmae": "x"}, {"/nmae": "This field is not known here."}),
        ({"name": "ann", "a/b~c": "x"}, {"/a~1b~0c": "This field is not known here."}),
        ({"name": "ann", "lines": [{"text": "a"}, {}]}, {"/lines/1/text": "This is required."}),
        ({"name": "ann", "lines": [{"text": "a", "x": 1}]}, {"/lines/0/x": "This field is not known here."}),
        ({"name": "ann", "extra": []}, {"/extra": "This must be an object."}),
        ({"name": "ann", "words": {"A b": "x"}}, {"/words/A b": "This does not have the form that is asked for."}),
        ({"name": "ann", "[key]": "x"}, {"/[key]": "This field is not known here."}),
        ({"name": "ann", "tags": {}}, {"/tags": "This must be a list."}),
        ({"name": "ann", "urgent": "no"}, {"/urgent": "This must be true or false."}),
        ({"name": "ann", "count": 1.5}, {"/count": "This must be a whole number."}),
        ([], {"": "This must be an object."}),
        (None, {"": "This must be an object."}),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named(body: object, errors: dict[str, str]) -> None:
    """By a JSON pointer, with a sentence."""
    assert _errors(body) == errors


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{'name': 'ann'}", b'{"name":"\xff"}', b'{"name":"\\ud800"}', b"\xef\xbb\xbf{}", b"[" * 100_000],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_not_json_is_refused_as_a_whole(body: bytes) -> None:
    """Not closed, not JSON, not UTF-8, half a character, or endlessly deep."""
    ((pointer, message),) = _errors(body).items()
    assert pointer == ""
    assert message.startswith("The body is not valid JSON" if body else "The body is empty")


def test_a_nul_is_named_where_it_is() -> None:
    """In a value, deep inside, and in a key; an escaped backslash before u0000 is none."""
    assert set(_errors({"name": "a\0b"})) == {"/name"}
    assert set(_errors({"name": "ann", "lines": [{"text": "\0"}]})) == {"/lines/0/text"}
    assert set(_errors({"name": "ann", "extra": {"k\0": "v"}})) == {"/extra/k\ufffd"}
    assert set(_errors(b'{"name":"a\\u0000b","count":' + b"9" * 4000 + b"}")) == {"/name"}
    assert _errors({"name": "ann", "words": {"k": " \0"}}) == {"/words/k": "A NUL character cannot be stored."}
    assert READER.from_json(rb'{"name":"\\u00"}') == Order(name="\\u00")


def test_form_fields_are_checked_alike() -> None:
    """A NUL, what is not UTF-8, an unknown field, one that was sent twice."""
    assert set(_form_errors(b"name=a%00b")) == {"/name"}
    assert _form_errors(b"name=%ff%fe") == {"/name": "This is not valid UTF-8 text."}
    assert _form_errors(b"name=\xff\xfe") == {"/name": "This is not valid UTF-8 text."}
    assert set(_form_errors(b"name=ann&other=1")) == {"/other"}
    assert _form_errors(b"name=ann&name=bea") == {"/name": "This must be text."}
    assert _form_errors(b"name=ann&count=many") == {"/count": "This must be a whole number."}
    assert _form_errors(b"") == {"/name": "This is required."}


def test_a_form_with_endless_fields_is_refused() -> None:
    """Before they are looked at."""
    with pytest.raises(InvalidInputError) as caught:
        Fields.parse(b"&".join(b"a=1" for _ in range(1001)))
    assert caught.value.code is Code.INPUT_INVALID


def test_what_was_typed_can_be_shown_again() -> None:
    """What cannot be text becomes U+FFFD, so that a page can hold it."""
    shown = Fields.parse(b"name=+a%00%ff+&tags=1&tags=2").shown
    assert shown == {"name": " a\ufffd\ufffd ", "tags": "2"}
    assert "".join(shown.values()).encode()


def test_the_errors_are_bounded() -> None:
    """A body of unknown fields does not become an answer as long."""
    assert len(_errors({f"x{number}": 1 for number in range(500)})) == 50


def test_no_input_is_an_empty_one() -> None:
    """An action that takes nothing takes no body, and an empty object."""
    nothing = Reader(None)
    assert nothing.from_json(b"") == nothing.from_json(b"{}")
    with pytest.raises(InvalidInputError):
        nothing.from_json(b'{"x":1}')


@given(st.binary())
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """No other error comes out."""
    for read in (READER.from_json, lambda each: READER.from_form(Fields.parse(each))):
        with pytest.raises(InvalidInputError):
            read(b"\xff" + body)


@given(st.dictionaries(st.text(), st.text()))
def test_any_json_is_read_or_refused(document: dict[str, str]) -> None:
    """Also with text that JSON can spell and PostgreSQL cannot hold."""
    body = json.dumps({"name": "ann", "extra": document}).encode()
    storable = "\0" not in "".join([*document, *document.values()])
    if storable:
        assert READER.from_json(body) == Order(name="ann", extra=document)
    else:
        assert all(pointer.startswith("/extra/") for pointer in _errors(body))
