"""profiles

Revision ID: 1570858e3d12
Revises: nothing

+1 table, +4 policies, +1 trigger, +11 grants, no grant removed, no policy weakened
"""

from freehold.migrations.beside import execute_beside

revision = "1570858e3d12"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_beside(__file__, "up")


def downgrade() -> None:
    execute_beside(__file__, "down")
