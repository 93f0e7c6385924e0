"""the tables of the platform

Revision ID: e80e115419c6
Revises: nothing

+11 tables, +5 indexes, +2 functions, +30 policies, +8 triggers, +121 grants, no grant removed, no policy weakened
squawk require-concurrent-index-creation, require-concurrent-index-deletion: the table or view is as new, or --allow-blocking was given
"""

from freehold.migrations.beside import execute_beside

revision = "e80e115419c6"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_beside(__file__, "up")


def downgrade() -> None:
    execute_beside(__file__, "down")
