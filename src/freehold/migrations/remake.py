"""The plan that makes a schema again as it is: nothing in it is decided anew, so what guards decisions is off.

Its way back drops everything, so its way forth is planned as what undoes that.
"""

from __future__ import annotations

from freehold.catalog import Snapshot, diff
from freehold.migrations.plan import Plan, plan


def remake(before: Snapshot, desired: Snapshot) -> Plan:
    """From ``before``, an empty database, to ``desired``. Raises `MigrationError` (FH407) for what no rule can make."""
    planned = plan(desired, before, allow_drop=True, allow_blocking=True)
    changes = diff(before, desired)
    return Plan(changes, up=planned.down, down=planned.up, weakened=(), irreversible=(), back=before)
