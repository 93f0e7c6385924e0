"""Style sheet, script and icon: each under an address that says what is in it, so that browsers keep it for good."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from starlette.responses import Response

_MEDIA_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_GOOD: Final = {"Cache-Control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True)
class Asset:
    """A file for browsers."""

    name: str
    digest: str
    content: bytes

    @classmethod
    def read(cls, path: Path) -> Self:
        """The file at ``path``."""
        content = path.read_bytes()
        return cls(path.name, hashlib.sha256(content).hexdigest()[:16], content)

    @property
    def address(self) -> str:
        """Where it is; another content has another address."""
        return f"/assets/{self.digest}/{self.name}"

    def response(self) -> Response:
        """The file."""
        return Response(self.content, media_type=_MEDIA_TYPES[Path(self.name).suffix], headers=_FOR_GOOD)


ASSETS: Final = {path.name: Asset.read(path) for path in (Path(__file__).parent / "assets").iterdir()}
