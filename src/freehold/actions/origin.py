"""Whether a request was made by a page of this site, or by somebody else's (cross-site request forgery).

A browser says so itself in Sec-Fetch-Site (W3C Fetch Metadata). One that is too old for it sends Origin with every
POST, which must name the host that was asked; ``null``, what sandboxed and redirected documents send, names none.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from freehold.errors import Code, CrossSiteError

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_OURS: Final = frozenset({"same-origin", "none"})


def refuse_cross_site(method: str, headers: Headers) -> None:
    """Raises `CrossSiteError` (FH603) for a request that may change something and that another site caused.

    One that does not say where it comes from is refused as well.
    """
    if method in _SAFE or _same_origin(headers):
        return
    raise CrossSiteError(
        Code.CROSS_SITE,
        "The request was not made by a page of this site.",
        hint="Programs send Authorization: Bearer <token> instead of the session's cookie.",
    )


def _same_origin(headers: Headers) -> bool:
    sites = headers.getlist("sec-fetch-site")
    if sites:
        return len(sites) == 1 and sites[0] in _OURS
    origins, hosts = headers.getlist("origin"), headers.getlist("host")
    return len(origins) == 1 and len(hosts) == 1 and _host(origins[0]) == hosts[0].lower()


def _host(origin: str) -> str | None:
    """Host and port of an origin, which has a scheme and nothing else."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    bare = parts.scheme in {"http", "https"} and origin.lower() == f"{parts.scheme}://{parts.netloc.lower()}"
    return parts.netloc.lower() if bare else None
