"""the tables of the platform

Revision ID: 23d74cec3e79
Revises: nothing

+15 tables, +4 indexes, +3 functions, +45 policies, +9 triggers, +195 grants, no grant removed, no policy weakened
"""

from freehold.migrations.beside import execute_beside

revision = "23d74cec3e79"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_beside(__file__, "up")


def downgrade() -> None:
    execute_beside(__file__, "down")
