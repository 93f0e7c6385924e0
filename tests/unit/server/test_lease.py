"""Leases are the kernel's: a process that dies holds none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from freehold.server._lease import Lease, exclusive

_HOLDER = """
import fcntl, sys, time
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_SH)
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lease"


def test_the_last_holder_knows_it(path: Path) -> None:
    """Two holds in two open files exclude each other as two processes' do."""
    first, second = Lease(path), Lease(path)
    assert not first.last()
    first.close()
    assert second.last()
    second.close()


def test_a_killed_process_holds_nothing(path: Path) -> None:
    """Kill -9 frees the lease; before that it counts."""
    lease = Lease(path)
    with subprocess.Popen([sys.executable, "-c", _HOLDER, str(path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert not lease.last()
        holder.send_signal(signal.SIGKILL)
    lease.close()
    again = Lease(path)
    assert again.last()
    again.close()


def test_a_forked_child_that_closes_keeps_the_parents_hold(path: Path) -> None:
    """Flock belongs to the open file: closing the child's copy must not unlock it."""
    lease, other = Lease(path), Lease(path)
    child = os.fork()
    if child == 0:
        lease.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert not other.last()
    lease.close()
    other.close()


def test_exclusive_admits_one_at_a_time(path: Path) -> None:
    """Also between threads of one process."""
    inside, most = 0, 0
    guard = threading.Lock()

    def enter() -> None:
        nonlocal inside, most
        with exclusive(path):
            with guard:
                inside += 1
                most = max(most, inside)
            with guard:
                inside -= 1

    threads = [threading.Thread(target=enter) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert most == 1
