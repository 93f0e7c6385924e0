"""The stored form: the published vector, and that nothing but exactly what was stored opens."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.encryption import DataKey
from freehold.encryption.envelope import from_base64, to_base64
from freehold.errors import Code, SealError

VECTOR = "fh1.u1.AQABAgMEBQYHCAkKCzRp-3qrke9v6DLjejDh1x1XLYUguV07_UPAfg"
PLACE = ("keys", "value", "user_abc", "row_123")
KEY = DataKey("u1", bytes(range(32)))


def test_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of the format would make every stored value unreadable."""
    assert KEY.open(VECTOR, *PLACE) == b"sk-ant-test"
    monkeypatch.setattr("os.urandom", lambda count: bytes(range(count)))
    assert KEY.seal(b"sk-ant-test", *PLACE) == VECTOR


@pytest.mark.parametrize("place", range(4))
def test_another_place(place: int) -> None:
    """Another table, column, owner or row."""
    moved = [*PLACE]
    moved[place] += "x"
    _refuses(VECTOR, tuple(moved))


def test_fields_do_not_run_into_each_other() -> None:
    """Moving a letter from one field to the next is another place."""
    _refuses(VECTOR, ("keysv", "alue", "user_abc", "row_123"))


@given(st.binary(max_size=100), st.integers(min_value=0), st.integers(0, 7))
def test_any_flipped_bit(plaintext: bytes, position: int, bit: int) -> None:
    """Wherever a bit of the stored text is flipped, it does not open."""
    stored = KEY.seal(plaintext, *PLACE)
    assert KEY.open(stored, *PLACE) == plaintext
    raw = bytearray(stored.encode())
    raw[position % len(raw)] ^= 1 << bit
    _refuses(raw.decode("latin-1"), PLACE)


@given(st.binary(max_size=60), st.data())
def test_any_cut(plaintext: bytes, data: st.DataObject) -> None:
    """Truncated, or with something added."""
    stored = KEY.seal(plaintext, *PLACE)
    _refuses(stored[: data.draw(st.integers(0, len(stored) - 1))], PLACE)
    _refuses(stored + data.draw(st.sampled_from(["A", "=", "==", ".", " ", "\n", "AAAA"])), PLACE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fh1",
        "fh1.u1",
        "fh1.u1.",
        "fh2" + VECTOR[3:],
        "FH1" + VECTOR[3:],
        VECTOR.replace("u1", "u2"),
        VECTOR.replace("u1", "u01"),
        VECTOR.replace("u1", "k1"),
        VECTOR.replace("-", "+"),
        VECTOR.replace("_", "/"),
        VECTOR + "==",
        " " + VECTOR,
        VECTOR.replace("fh1.", "fh1.."),
        "fh1.u1." + "A" * 38,
        "fh1.u1.Ag" + VECTOR[9:],
        VECTOR[:-1] + "h",
        "fh1.u1.\u0661" + VECTOR[8:],
        "fh1.u1.\ud800",
    ],
)
def test_malformed(text: str) -> None:
    """Anything that is not the canonical text of a value of this version."""
    _refuses(text, PLACE)


@given(st.binary(max_size=200))
def test_base64_is_canonical(data: bytes) -> None:
    """One text for one value; and the text is what everybody's base64url gives."""
    text = to_base64(data)
    assert text == base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    assert from_base64(text) == data


@given(st.text(alphabet="AQgw-_+/=", max_size=12))
def test_what_is_not_canonical_is_refused(text: str) -> None:
    """Two texts never decode to the same bytes."""
    found = from_base64(text)
    assert found is None or to_base64(found) == text


def _refuses(text: str, place: tuple[str, ...]) -> None:
    with pytest.raises(SealError) as error:
        KEY.open(text, *place)
    assert error.value.code is Code.SEAL_BROKEN
    assert len(text) < 20 or text not in str(error.value)
