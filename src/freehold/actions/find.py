"""The actions of an application, by the name of the module that declares them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from freehold.actions.action import Action
from freehold.errors import Code, ConfigurationError, FreeholdError


def actions_at(*places: str) -> list[Action[..., Any]]:
    """The actions in modules, ``app.tasks``, or under one name of a module, ``app.tasks:ACTIONS``; each one once.

    Raises `ConfigurationError` (FH613) for a module that cannot be imported or has none.
    """
    found = [action for place in places for action in _at(place)]
    return list({action.name: action for action in found}.values())


def _at(place: str) -> list[Action[..., Any]]:
    name, _, attribute = place.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        module = import_module(name)
        values = [getattr(module, attribute)] if attribute else list(vars(module).values())
    except FreeholdError:
        raise
    except Exception as error:
        raise _unusable(f"{place} cannot be imported: {type(error).__name__}: {error}.") from error
    finally:
        sys.path.pop(0)
    found = [action for value in values for action in _in(value)]
    if not found:
        raise _unusable(f"{place} has no actions.")
    return found


def _in(value: object) -> Iterator[Action[..., Any]]:
    if isinstance(value, Action):
        yield cast(Action[..., Any], value)
    elif isinstance(value, (list, tuple)):
        yield from (each for each in cast(Sequence[Any], value) if isinstance(each, Action))


def _unusable(message: str) -> ConfigurationError:
    return ConfigurationError(
        Code.ACTIONS_UNIMPORTABLE,
        message,
        hint="Name the module that declares them, as it is imported from this folder: app.actions, or app.actions:ACTIONS.",
    )
