"""Work on keys and on what they seal: rotation, the take-over of the old platform's values, and forgetting a user.

It runs on the service's login, which row security does not confine: it reads and writes values of every owner. It
never changes the schema, so it does not need the owner's login.
"""

from freehold.keys.column import SealedColumn, sealed_columns
from freehold.keys.forget import Forgotten, forget
from freehold.keys.job import Outcome, Progress, Report
from freehold.keys.migrate import migrate_legacy
from freehold.keys.rotate import rotate_ring, rotate_user
from freehold.keys.session import KeySession
from freehold.keys.status import ColumnStatus, KeyStatus, status

__all__ = [
    "ColumnStatus",
    "Forgotten",
    "KeySession",
    "KeyStatus",
    "Outcome",
    "Progress",
    "Report",
    "SealedColumn",
    "forget",
    "migrate_legacy",
    "rotate_ring",
    "rotate_user",
    "sealed_columns",
    "status",
]
