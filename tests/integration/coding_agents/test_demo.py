"""``make demo`` as a person meets it: it starts, is attacked, and stops; and says what is wrong before it starts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.coding_agents.place import port
from examples.coding_agents.report import run_program
from freehold.errors import Code, ConfigurationError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    """An environment with a data directory of its own and nothing of ours."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "HOME"}}
    directory = str(tmp_path / "fh")
    return {**kept, "PYTHONPATH": f"{ROOT / 'src'}", "FREEHOLD_DIRECTORY": directory, "NO_COLOR": "1"}


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def run(module: str, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """A program of the demo, to its end."""
    command = [sys.executable, "-m", f"examples.coding_agents.{module}", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_port_in_use_is_said_before_anything_starts(place: dict[str, str], taken: int) -> None:
    """FH313 with a port to take instead, exit code 1, no traceback, and no data directory was made."""
    ended = run("demo", {**place, "PORT": str(taken)})
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"FH313 Port {taken} of 127.0.0.1 cannot be used.")
    assert f"PORT={taken + 1} make demo" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not Path(place["FREEHOLD_DIRECTORY"]).exists()


def test_a_traceback_is_there_for_who_asks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With ``--traceback`` the error goes on to Python, which shows where it came from; without, it is a few lines."""

    def broken() -> int:
        raise ConfigurationError(Code.PORT_IN_USE, "It cannot be used.")

    monkeypatch.setattr(sys, "argv", ["demo", "--traceback"])
    with pytest.raises(ConfigurationError):
        run_program("demo", "", broken)
    monkeypatch.setattr(sys, "argv", ["demo"])
    with pytest.raises(SystemExit) as ended:
        run_program("demo", "", broken)
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("FH313 It cannot be used.")


@pytest.mark.parametrize("text", ["x", "-1", "65536", "8000.0", "\N{SUPERSCRIPT TWO}"])
def test_a_port_must_be_one(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """FH302; without one, or with an empty one, it is 8000."""
    monkeypatch.setenv("PORT", text)
    with pytest.raises(ConfigurationError) as caught:
        port()
    assert caught.value.code == Code.SETTING_INVALID
    monkeypatch.setenv("PORT", "")
    assert port() == 8000


def test_an_attack_needs_a_demo(place: dict[str, str]) -> None:
    """Nobody to attack is an error with a hint, not a success."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        ended = run("attack", {**place, "PORT": str(unused.getsockname()[1])})
    assert ended.returncode == 1
    assert "make demo" in ended.stderr


@pytest.mark.slow
def test_the_demo_starts_is_attacked_and_stops(place: dict[str, str]) -> None:
    """Twice: the second time everything is there. The attacks fail, and SIGINT ends all of it within two seconds."""
    for again in (False, True):
        environment = {**place, "PORT": "0", "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "examples.coding_agents.demo"]
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        ) as demo:
            assert demo.stdout is not None
            assert demo.stderr is not None
            address = next(line for line in demo.stdout if "http://" in line).split()[3]
            if again:
                attack = run("attack", {**place, "PORT": address.rpartition(":")[2]})
                assert (attack.returncode, attack.stdout.count(": failed")) == (0, 3), attack.stdout + attack.stderr
            began = time.monotonic()
            os.killpg(demo.pid, signal.SIGINT)
            assert demo.wait(10) == 0
            assert time.monotonic() - began < 4  # two seconds on a machine that does nothing else
            assert demo.stderr.read() == ""
        data = Path(place["FREEHOLD_DIRECTORY"], "server", "postgres")
        assert (data / "PG_VERSION").exists()
        assert not (data / "postmaster.pid").exists()


@pytest.mark.slow
@pytest.mark.parametrize("example", ["coding_agents", "profiles"])
def test_the_models_and_the_revisions_agree(place: dict[str, str], example: str) -> None:
    """``freehold check`` finds nothing to generate, for either example."""
    environment = {
        **place,
        "FREEHOLD_APP": example,
        "FREEHOLD_MODELS": f"examples.{example}.models",
        "FREEHOLD_MIGRATIONS": f"examples/{example}/migrations",
    }
    command = [sys.executable, "-m", "freehold.cli", "check"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
