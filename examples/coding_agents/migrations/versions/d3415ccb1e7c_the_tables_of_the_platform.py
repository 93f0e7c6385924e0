"""the tables of the platform

Revision ID: d3415ccb1e7c
Revises: nothing

+9 tables, +4 indexes, +21 policies, +8 triggers, +131 grants, no grant removed, no policy weakened
"""

from freehold.migrations.beside import execute_beside

revision = "d3415ccb1e7c"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_beside(__file__, "up")


def downgrade() -> None:
    execute_beside(__file__, "down")
