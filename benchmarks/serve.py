"""``python -m benchmarks.serve MODULE SOCKET``: serves what a module's ``create_app`` makes on the file descriptor SOCKET.

The login is in the environment. It ends with whoever started it.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from importlib import import_module

import uvicorn

from benchmarks.http import CONNECTIONS, LOGIN
from benchmarks.login import Where


def main() -> None:
    """Serves."""
    module, descriptor = sys.argv[1], int(sys.argv[2])
    where = Where(**json.loads(os.environ[LOGIN]))
    app = import_module(module).create_app(where, int(os.environ[CONNECTIONS]))
    config = uvicorn.Config(
        app, log_level="error", access_log=False, loop="asyncio", http="httptools", timeout_keep_alive=600
    )
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with socket.socket(fileno=descriptor) as listener:
        uvicorn.Server(config).run([listener])


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
