"""The server: an embedded one, a database prepared for row security, and where to connect."""

from freehold.server._binaries import packaged
from freehold.server._lease import Lease, exclusive
from freehold.server.bootstrap import bootstrap, fingerprint
from freehold.server.clone import create_database, drop_database
from freehold.server.embedded import EmbeddedServer
from freehold.server.endpoints import Endpoints, embedded_endpoints, resolve

__all__ = [
    "EmbeddedServer",
    "Endpoints",
    "Lease",
    "bootstrap",
    "create_database",
    "drop_database",
    "embedded_endpoints",
    "exclusive",
    "fingerprint",
    "packaged",
    "resolve",
]
