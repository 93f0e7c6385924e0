"""What may be done by whom, as pure values that turn into DDL text."""

from freehold.policies.access import Access
from freehold.policies.command import Command
from freehold.policies.grant import Grant
from freehold.policies.policy import PolicyText
from freehold.policies.protection import Protection
from freehold.policies.quote import quote_identifier, quote_literal

__all__ = ["Access", "Command", "Grant", "PolicyText", "Protection", "quote_identifier", "quote_literal"]
