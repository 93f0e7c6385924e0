"""AU504: the server lacks a minor release that mends row security."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from freehold.audit.catalog import Catalog
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Rule

PATCHED: Final = {15: 20, 16: 16, 17: 12, 18: 7}
"""The first minor release of each major one in which ON CONFLICT DO UPDATE reads no hidden rows."""


def _check(catalog: Catalog) -> Iterator[Found]:
    major, minor = divmod(catalog.version, 10000)
    if not catalog.scratch and major in PATCHED and minor < PATCHED[major]:
        yield Found(
            "server",
            f"PostgreSQL {major}.{minor} lets INSERT ... ON CONFLICT DO UPDATE read rows that policies hide; "
            f"{major}.{PATCHED[major]} does not.",
            Fix(python=f"# upgrade the server to PostgreSQL {major}.{PATCHED[major]} or later; a restart is enough"),
            f"SELECT current_setting('server_version_num')::int >= {major}{PATCHED[major]:04d}",
            severity=Severity.NOTE if catalog.development else None,
        )


RULE = Rule(
    id="AU504",
    title="The server is below a patched release",
    severity=Severity.ERROR,
    why="Before 18.7, 17.12, 16.16 and 15.20, ON CONFLICT DO UPDATE tells a caller what stands in rows that its policies "
    "hide. On the embedded server, which is for development, this is a note.",
    remedy="Install the newest minor release.",
    about=Catalog,
    check=_check,
)
