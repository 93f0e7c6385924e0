"""Seal the secrets

Revision ID: dd5185808b68
Revises: d3415ccb1e7c

+2 tables, +7 constraints, +1 index, +4 policies, +24 grants, -36 grants, 36 grants removed, 2 WEAKENED
weakened: policy public.keys.keys_insert_authenticated: a permissive policy is added for authenticated
weakened: policy public.keys.keys_update_authenticated: a permissive policy is added for authenticated
"""

from freehold.migrations.beside import execute_beside

revision = "dd5185808b68"
down_revision = "d3415ccb1e7c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_beside(__file__, "up")


def downgrade() -> None:
    execute_beside(__file__, "down")
