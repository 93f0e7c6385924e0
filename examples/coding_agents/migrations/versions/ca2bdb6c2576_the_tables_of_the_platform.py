"""the tables of the platform

Revision ID: ca2bdb6c2576
Revises: nothing

+17 tables, +5 indexes, +3 functions, +49 policies, +9 triggers, +183 grants, no grant removed, no policy weakened
squawk require-concurrent-index-creation, require-concurrent-index-deletion: the table or view is as new, or --allow-blocking was given
"""

from freehold.migrations.beside import execute_beside

revision = "ca2bdb6c2576"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_beside(__file__, "up")


def downgrade() -> None:
    execute_beside(__file__, "down")
