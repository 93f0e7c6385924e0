"""Where Node is present: the packages of the peers that need it, kept beside the results, which git ignores."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

_PACKAGES: Final = ("drizzle-orm@0.45", "postgres@3.4")
_SECONDS: Final = 90


class Node:
    """An installation of the packages, begun when it is made and waited for when it is needed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._reason: str | None = None
        self._installing: subprocess.Popen[bytes] | None = None
        if shutil.which("node") is None or shutil.which("npm") is None:
            self._reason = "Node.js is not installed"
        elif not self._complete():
            directory.mkdir(parents=True, exist_ok=True)
            (directory / "package.json").write_text('{"private": true, "type": "module"}\n')
            flags = ("--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent")
            self._installing = subprocess.Popen(
                ["npm", "install", *flags, *_PACKAGES], cwd=directory, stdout=subprocess.DEVNULL
            )

    def script(self, source: Path) -> tuple[Path | None, str | None]:
        """A copy of ``source`` that finds the packages, or why there is none."""
        if self._reason is None and not self._complete():
            self._reason = self._wait()
        if self._reason is not None:
            return None, self._reason
        return Path(shutil.copy(source, self._directory)), None

    def end(self) -> None:
        """Stops an installation that nobody waited for."""
        if self._installing is not None and self._installing.poll() is None:
            self._installing.terminate()
            self._installing.wait()

    def _wait(self) -> str | None:
        if self._installing is None:
            return "its packages are not installed"
        try:
            code = self._installing.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            self.end()
            return f"npm did not install its packages within {_SECONDS} s"
        return None if code == 0 and self._complete() else f"npm could not install {' '.join(_PACKAGES)}"

    def _complete(self) -> bool:
        finished = self._installing is None or self._installing.poll() == 0
        names = (package.partition("@")[0] for package in _PACKAGES)
        return finished and all((self._directory / "node_modules" / name / "package.json").exists() for name in names)
