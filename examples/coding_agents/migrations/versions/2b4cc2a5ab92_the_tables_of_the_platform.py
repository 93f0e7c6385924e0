"""the tables of the platform

Revision ID: 2b4cc2a5ab92
Revises: nothing

+17 tables, +5 indexes, +5 functions, +51 policies, +9 triggers, +180 grants, no grant removed, no policy weakened
squawk require-concurrent-index-creation, require-concurrent-index-deletion: the table or view is as new, or --allow-blocking was given
"""

from freehold.migrations.beside import execute_beside

revision = "2b4cc2a5ab92"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_beside(__file__, "up")


def downgrade() -> None:
    execute_beside(__file__, "down")
