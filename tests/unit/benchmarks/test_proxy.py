"""The delaying relay: what goes in comes out, later, and all of it."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from benchmarks.proxy import Proxy

DELAY = 0.02


@contextmanager
def _echoing(path: Path) -> Iterator[None]:
    """A server that sends back what it gets, until its client has finished."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve() -> None:
        connection, _ = listener.accept()
        with closing(connection):
            while data := connection.recv(1 << 16):
                connection.sendall(data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with closing(listener):
        yield
    thread.join(5)


@pytest.fixture
def client() -> Iterator[socket.socket]:
    """A connection to an echo, through the relay; in a directory whose name a socket can have."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        with _echoing(place / "echo"), Proxy(place / "echo", place / "late", DELAY), closing(_connected(place)) as near:
            yield near


def _connected(place: Path) -> socket.socket:
    near = socket.socket(socket.AF_UNIX)
    near.settimeout(10)
    near.connect(str(place / "late" / "echo"))
    return near


def test_every_byte_is_held_in_both_directions(client: socket.socket) -> None:
    """A round trip takes twice the delay, and not much more."""
    times: list[float] = []
    for _ in range(5):
        begun = time.perf_counter()
        client.sendall(b"?")
        assert client.recv(1) == b"?"
        times.append(time.perf_counter() - begun)
    assert all(each >= 2 * DELAY * 0.99 for each in times)


def test_more_than_fits_arrives_in_order(client: socket.socket) -> None:
    """Six megabytes each way: more than the relay holds for a receiver who does not read yet."""
    sent = bytes(range(256)) * (6 << 12)
    sender = threading.Thread(target=client.sendall, args=(sent,))
    sender.start()
    time.sleep(0.1)
    received = bytearray()
    while len(received) < len(sent):
        received += client.recv(1 << 20)
    sender.join(5)
    assert bytes(received) == sent


def test_the_end_of_one_side_is_the_end_of_the_other(client: socket.socket) -> None:
    """Whatever was on its way arrives first."""
    client.sendall(b"last words")
    client.shutdown(socket.SHUT_WR)
    received = b""
    while data := client.recv(1 << 10):
        received += data
    assert received == b"last words"
