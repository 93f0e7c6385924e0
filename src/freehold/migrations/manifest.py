"""The manifest: SHA-256 sums of a history's files, in the format ``sha256sum --check`` reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from freehold.errors import Code, MigrationError

MANIFEST: Final = "manifest.sha256"
VERSIONS: Final = "versions"
FACTS: Final = "facts.json"

_CONFLICT: Final = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
_WAYS_OUT: Final = (
    "If it was changed by mistake, restore it (git checkout -- {path}). If the change is meant and no database "
    "has the revision yet, undo the revision and generate it again, or accept the file: freehold repair."
)


def verified(directory: Path) -> Mapping[str, bytes]:
    """The contents of a history's files by path; every sum holds, and no file is missing or beside the manifest.

    Raises `MigrationError`: FH402 for a changed or unlisted file, FH403 for a missing one.
    """
    sums = _read(directory)
    contents: dict[str, bytes] = {}
    for path in sorted(sums):
        try:
            contents[path] = (directory / path).read_bytes()
        except OSError:
            raise MigrationError(
                Code.REVISION_MISSING,
                f"{path} is in the manifest, and its file is gone.",
                hint=f"Restore it: git checkout -- {directory / path}",
            ) from None
        if digest(contents[path]) != sums[path]:
            raise _edited(directory / path, "was changed after it was generated")
    for path in _present(directory):
        if path not in sums:
            raise _edited(directory / path, "is not in the manifest")
    return contents


def united(directory: Path) -> Mapping[str, bytes]:
    """The revision files by path, where a merge left the sums of two branches, with or without its markers.

    Each must have a sum on either side. Raises `MigrationError` (FH402) for one that has not.
    """
    try:
        lines = (directory / MANIFEST).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    sums = {tuple(line.split(maxsplit=1)) for line in lines if not line.startswith(_CONFLICT)}
    contents = {path: (directory / path).read_bytes() for path in sorted(_present(directory)) if path != FACTS}
    for path, content in contents.items():
        if (digest(content), path) not in sums:
            raise _edited(directory / path, "was changed after it was generated")
    return contents


def accept(directory: Path) -> None:
    """Takes the files as they are now for the history: the way out when an edit was meant.

    The facts kept beside it no longer hold and go; the next `generate` reads them from the SQL. Raises `MigrationError`
    (FH403) where there are none.
    """
    if not any(_present(directory)):
        raise MigrationError(
            Code.REVISION_MISSING,
            f"There are no revisions in {directory}.",
            hint=f'Restore them: git checkout -- {directory}. Or write the first: freehold generate -m "..."',
        )
    (directory / FACTS).unlink(missing_ok=True)
    seal(directory)


def seal(directory: Path) -> None:
    """Writes the sums of the files as they are now."""
    lines = [f"{digest((directory / path).read_bytes())}  {path}\n" for path in sorted(_present(directory))]
    temporary = directory / f".{MANIFEST}.new"
    temporary.write_text("".join(lines), encoding="utf-8", newline="\n")
    temporary.replace(directory / MANIFEST)


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal; a checkout with CRLF line ends has the same sum."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


def _present(directory: Path) -> Iterator[str]:
    if (directory / FACTS).is_file():
        yield FACTS
    for path in (directory / VERSIONS).glob("*"):
        if path.suffix in {".py", ".sql"} and path.is_file():
            yield f"{VERSIONS}/{path.name}"


def _read(directory: Path) -> Mapping[str, str]:
    try:
        text = (directory / MANIFEST).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    pairs = (line.split(maxsplit=1) for line in text.splitlines() if line.strip())
    try:
        return {path.strip(): sum_ for sum_, path in pairs}
    except ValueError:
        if any(line.startswith(_CONFLICT) for line in text.splitlines()):
            raise MigrationError(
                Code.HISTORY_EDITED,
                f"{directory / MANIFEST} is in conflict: branches were merged that both have revisions.",
                hint="freehold merge takes both sides and joins their heads. Run it once the models are merged.",
            ) from None
        raise _edited(directory / MANIFEST, "has a line that is no checksum") from None


def _edited(path: Path, what: str) -> MigrationError:
    return MigrationError(Code.HISTORY_EDITED, f"{path} {what}.", hint=_WAYS_OUT.format(path=path))
