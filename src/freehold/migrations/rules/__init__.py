"""How each kind of fact is made, altered and dropped: one file for each kind."""

from collections.abc import Mapping
from typing import Final

from freehold.catalog import Kind
from freehold.migrations.rules.column import ColumnRule
from freehold.migrations.rules.comment import CommentRule
from freehold.migrations.rules.constraint import ConstraintRule
from freehold.migrations.rules.default_privilege import DefaultPrivilegeRule
from freehold.migrations.rules.domain import DomainRule
from freehold.migrations.rules.enum import EnumRule
from freehold.migrations.rules.function import FunctionRule
from freehold.migrations.rules.grant import GrantRule
from freehold.migrations.rules.index import IndexRule
from freehold.migrations.rules.policy import PolicyRule
from freehold.migrations.rules.rule import Rule
from freehold.migrations.rules.schema import SchemaRule
from freehold.migrations.rules.sequence import SequenceRule
from freehold.migrations.rules.table import TableRule
from freehold.migrations.rules.trigger import TriggerRule
from freehold.migrations.rules.view import ViewRule

RULES: Final[Mapping[Kind, Rule]] = {
    Kind.SCHEMA: SchemaRule(),
    Kind.ENUM: EnumRule(),
    Kind.DOMAIN: DomainRule(),
    Kind.SEQUENCE: SequenceRule(),
    Kind.FUNCTION: FunctionRule(),
    Kind.TABLE: TableRule(),
    Kind.COLUMN: ColumnRule(),
    Kind.CONSTRAINT: ConstraintRule(),
    Kind.INDEX: IndexRule(),
    Kind.VIEW: ViewRule(),
    Kind.POLICY: PolicyRule(),
    Kind.TRIGGER: TriggerRule(),
    Kind.COMMENT: CommentRule(),
    Kind.GRANT: GrantRule(),
    Kind.DEFAULT_PRIVILEGE: DefaultPrivilegeRule(),
    Kind.OTHER: Rule(),
    Kind.ROLE: Rule(),
}

__all__ = ["RULES", "Rule"]
