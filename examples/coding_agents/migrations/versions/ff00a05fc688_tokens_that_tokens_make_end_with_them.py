"""tokens that tokens make end with them

Revision ID: ff00a05fc688
Revises: 2b4cc2a5ab92

~1 function, no grant removed, no policy weakened
"""

from freehold.migrations.beside import execute_beside

revision = "ff00a05fc688"
down_revision = "2b4cc2a5ab92"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_beside(__file__, "up")


def downgrade() -> None:
    execute_beside(__file__, "down")
