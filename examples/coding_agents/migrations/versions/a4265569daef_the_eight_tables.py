"""The eight tables.

Revision ID: a4265569daef
Revises: nothing

+8 tables, +5 indexes, +20 policies, +8 triggers, +126 grants, no grant removed, no policy weakened
"""

from freehold.migrations.beside import execute_beside

revision = "a4265569daef"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_beside(__file__, "up")


def downgrade() -> None:
    execute_beside(__file__, "down")
