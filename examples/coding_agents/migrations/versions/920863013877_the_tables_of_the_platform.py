"""the tables of the platform

Revision ID: 920863013877
Revises: nothing

+9 tables, +4 indexes, +2 functions, +26 policies, +8 triggers, +133 grants, no grant removed, no policy weakened
"""

from freehold.migrations.beside import execute_beside

revision = "920863013877"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_beside(__file__, "up")


def downgrade() -> None:
    execute_beside(__file__, "down")
