"""Typed functions that browsers and programs may call: validated, run as their caller, answered in one format."""

from freehold.actions.action import Action, action
from freehold.actions.context import (
    Caller,
    UserContext,
    Visitor,
    same_origin,
    user_context,
    visitor,
)
from freehold.actions.form import Form, Page
from freehold.actions.header import SecurityHeaders
from freehold.actions.install import install
from freehold.actions.problem import Problem
from freehold.actions.refusal import Refusal
from freehold.actions.route import router
from freehold.actions.stream import stream

__all__ = [
    "Action",
    "Caller",
    "Form",
    "Page",
    "Problem",
    "Refusal",
    "SecurityHeaders",
    "UserContext",
    "Visitor",
    "action",
    "install",
    "router",
    "same_origin",
    "stream",
    "user_context",
    "visitor",
]
