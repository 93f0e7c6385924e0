"""A directory is used when it is new, empty or ours; what is another's stays as it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from freehold.errors import Code, ServerError
from freehold.server._credentials import Credentials
from freehold.server._layout import Layout
from freehold.server._unprivileged import Account, closed_to, may_search


def _layout(directory: Path) -> Layout:
    return Layout(directory, None)


def test_a_new_directory_is_private_and_unversioned(tmp_path: Path) -> None:
    """Only its owner can enter it, and git does not see it."""
    layout = _layout(tmp_path / "deep" / "data")
    layout.claim()
    assert layout.directory.stat().st_mode & 0o777 == 0o700
    assert (layout.directory / ".gitignore").read_text() == "*\n"


def test_foreign_files_are_refused_and_kept(tmp_path: Path) -> None:
    """FH304 names what lies there, adds nothing and removes nothing."""
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(ServerError) as caught:
        _layout(tmp_path).claim()
    assert caught.value.code is Code.DIRECTORY_OCCUPIED
    assert "thesis.tex" in (caught.value.detail or "")
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    """FH304 as well."""
    (tmp_path / "data").touch()
    with pytest.raises(ServerError) as caught:
        _layout(tmp_path / "data").claim()
    assert caught.value.code is Code.DIRECTORY_OCCUPIED


def test_an_interrupted_start_is_no_stranger(tmp_path: Path) -> None:
    """What a start leaves before the credentials are written does not make the directory foreign."""
    for name in ("lock", "lease", ".gitignore", "credentials.json.new"):
        (tmp_path / name).touch()
    _layout(tmp_path).claim()


def test_foreign_credentials_are_refused(tmp_path: Path) -> None:
    """A credentials.json of another program is not ours to overwrite."""
    (tmp_path / "credentials.json").write_text('{"token": "x"}')
    with pytest.raises(ServerError) as caught:
        Credentials(tmp_path / "credentials.json", tmp_path / "lock")
    assert caught.value.code is Code.DIRECTORY_OCCUPIED


def test_the_socket_lies_in_the_directory(tmp_path: Path) -> None:
    """Where its path fits."""
    assert _layout(Path("/srv/data")).sockets == Path("/srv/data/run")


def test_a_long_path_gets_a_private_socket_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket's path is limited to about 100 bytes; two directories never share the substitute."""
    monkeypatch.setattr("tempfile.tempdir", "/tmp")
    first, second = (_layout(tmp_path / ("x" * 100) / name).sockets for name in "ab")
    assert first != second
    assert first.parent.parent == Path("/tmp")
    assert len(os.fsencode(first)) < 80


def test_a_socket_directory_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody can make directories under the temporary one, and put a false server there."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    layout = _layout(Path("/nowhere") / ("x" * 100))
    (tmp_path / "elsewhere").mkdir()
    layout.sockets.parent.parent.mkdir(exist_ok=True)
    layout.sockets.parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ServerError) as caught:
        layout.furnish()
    layout.sockets.parent.unlink()
    assert caught.value.code is Code.DIRECTORY_OCCUPIED


def test_passwords_are_long_kept_and_hidden(tmp_path: Path) -> None:
    """256 bits each; another process reads the same; only the owner can read the file; repr shows none."""
    path, lock = tmp_path / "credentials.json", tmp_path / "lock"
    first, second = Credentials(path, lock), Credentials(path, lock)
    password = first.password("app")
    assert len(bytes.fromhex(password)) == 32
    assert second.password("other") != password
    assert second.password("app") == password
    assert path.stat().st_mode & 0o777 == 0o600
    assert set(json.loads(path.read_text())["passwords"]) == {"app", "other"}
    assert password not in repr(second)


def test_what_is_closed_to_an_account(tmp_path: Path) -> None:
    """The permission bits of every directory on the way count."""
    stranger = Account("stranger", 4_000_000_000, 4_000_000_000)
    (tmp_path / "closed" / "open").mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    (tmp_path / "closed" / "open").chmod(0o711)
    closed = closed_to(stranger, tmp_path / "closed" / "open")
    assert tmp_path / "closed" in closed
    assert tmp_path / "closed" / "open" not in closed
    assert may_search(Account("me", os.geteuid(), os.getegid()), tmp_path / "closed")
