"""profiles

Revision ID: b07b4cd64fdc
Revises: nothing

+1 table, +4 policies, +1 trigger, +11 grants, no grant removed, no policy weakened
"""

from freehold.migrations.beside import execute_beside

revision = "b07b4cd64fdc"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_beside(__file__, "up")


def downgrade() -> None:
    execute_beside(__file__, "down")
