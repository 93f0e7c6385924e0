"""The shape of secrets."""

from __future__ import annotations

import hashlib
import re

from hypothesis import given
from hypothesis import strategies as st

from freehold.auth.secret import API_TOKEN, SESSION, hashed

KNOWN = "fhp_" + "0" * 43 + "0cjTla"


def test_the_format() -> None:
    """A prefix, 43 characters and 6 of a checksum, all base 62; no two alike."""
    made = {API_TOKEN.new() for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch("fhp_[0-9A-Za-z]{49}", each) and API_TOKEN.is_whole(each) for each in made)


def test_a_known_token() -> None:
    """The checksum is CRC-32 of all before it, so that other programs can check it; the hash is SHA-256 of all."""
    assert API_TOKEN.is_whole(KNOWN)
    assert hashed(KNOWN) == hashlib.sha256(KNOWN.encode()).hexdigest()


@given(place=st.integers(0, len(KNOWN) - 1), character=st.characters())
def test_any_other_character_is_noticed(place: int, character: str) -> None:
    """One character that is not what it was makes it no token, wherever it stands."""
    changed = KNOWN[:place] + character + KNOWN[place + 1 :]
    assert API_TOKEN.is_whole(changed) == (changed == KNOWN)


def test_one_kind_is_not_another() -> None:
    """A session's secret is no token, whatever its checksum says."""
    assert not API_TOKEN.recognises(SESSION.new())
    assert not API_TOKEN.is_whole(SESSION.new())
