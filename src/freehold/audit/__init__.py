"""The audit: rules about models, databases and source code, each finding with its fix, in one report.

Nothing is imported here: `freehold.audit.look` looks, `freehold.audit.report` reports, `freehold.audit.rules` are the
rules.
"""
