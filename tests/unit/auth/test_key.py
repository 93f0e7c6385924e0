"""The key file: made once, kept private, and refused when it is not what was made."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from freehold.auth.key import _make, key_in
from freehold.errors import Code, ConfigurationError


def test_it_is_made_private_and_random(tmp_path: Path) -> None:
    """32 bytes that only the owner reads, in a directory that version control passes over."""
    old = os.umask(0)
    try:
        key = key_in(tmp_path / "new" / "session.key")
    finally:
        os.umask(old)
    path = tmp_path / "new" / "session.key"
    assert path.read_bytes() == key
    assert len(key) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert (path.parent / ".gitignore").read_text() == "*\n"
    assert {each.name for each in path.parent.iterdir()} == {".gitignore", "session.key"}
    assert key != key_in(tmp_path / "other" / "session.key")


def test_what_lies_in_the_directory_is_left_alone(tmp_path: Path) -> None:
    """A .gitignore of somebody else's stays as it is."""
    (tmp_path / ".gitignore").write_text("mine\n")
    key_in(tmp_path / "session.key")
    assert (tmp_path / ".gitignore").read_text() == "mine\n"


def test_everybody_gets_the_same_key(tmp_path: Path) -> None:
    """Also when many make it at the same moment."""
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(key_in, [tmp_path / "session.key"] * 32))
    assert len(keys) == 1


def test_whoever_comes_second_leaves_the_key(tmp_path: Path) -> None:
    """It is made where there is none, and never replaced; nothing is left lying beside it."""
    path = tmp_path / "session.key"
    key = key_in(path)
    with pytest.raises(FileExistsError):
        _make(path)
    assert path.read_bytes() == key
    assert {each.name for each in tmp_path.iterdir()} == {".gitignore", "session.key"}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """They could sign anybody in; the hint says how to mend it."""
    path = tmp_path / "session.key"
    key = key_in(path)
    path.chmod(mode)
    with pytest.raises(ConfigurationError) as caught:
        key_in(path)
    assert caught.value.code is Code.SETTING_INVALID
    assert f"chmod 600 {path}" in (caught.value.hint or "")
    path.chmod(0o600)
    assert key_in(path) == key


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    """It is neither used nor overwritten."""
    path = tmp_path / "session.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError) as caught:
        key_in(path)
    assert caught.value.code is Code.SETTING_INVALID
    assert path.read_bytes() == content


def test_a_directory_that_cannot_be_made_is_an_error_of_settings(tmp_path: Path) -> None:
    """Not a traceback from the operating system."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError) as caught:
        key_in(tmp_path / "file" / "session.key")
    assert caught.value.code is Code.SETTING_INVALID
