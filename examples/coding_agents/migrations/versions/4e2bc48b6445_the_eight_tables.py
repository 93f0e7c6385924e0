"""the eight tables

Revision ID: 4e2bc48b6445
Revises: nothing

+8 tables, +4 indexes, +20 policies, +8 triggers, +126 grants, no grant removed, no policy weakened
squawk require-concurrent-index-creation, require-concurrent-index-deletion: the table or view is as new, or --allow-blocking was given
"""

from freehold.migrations.beside import execute_beside

revision = "4e2bc48b6445"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_beside(__file__, "up")


def downgrade() -> None:
    execute_beside(__file__, "down")
