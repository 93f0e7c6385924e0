"""From revisions to a database: what applying needs.

Making revisions from models needs Alembic, and is in `freehold.migrations.generate`.
"""

from freehold.migrations.apply import Applied, Options, migrate, rollback
from freehold.migrations.drift import verify
from freehold.migrations.manifest import accept
from freehold.migrations.progress import Progress, Report
from freehold.migrations.status import Failure, Status, status
from freehold.migrations.unit import Patience

__all__ = [
    "Applied",
    "Failure",
    "Options",
    "Patience",
    "Progress",
    "Report",
    "Status",
    "accept",
    "migrate",
    "rollback",
    "status",
    "verify",
]
