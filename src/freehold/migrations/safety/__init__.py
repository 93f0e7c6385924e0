"""What a statement does to a database in use, judged from its text: one file for each rule.

Generated scripts are safe by construction and are held against the same rules as what people write by hand.
"""

from freehold.migrations.safety.lint import findings, refuse_unsafe, sign
from freehold.migrations.safety.rule import Finding, Permit, Place, locked

__all__ = ["Finding", "Permit", "Place", "findings", "locked", "refuse_unsafe", "sign"]
