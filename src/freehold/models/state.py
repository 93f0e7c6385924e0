"""SQLAlchemy's bookkeeping for an instance, made when it is first asked for.

A row that is only read never needs it, and making it costs more than everything else about the instance.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import inspect
from sqlalchemy.orm import Mapper
from sqlalchemy.orm.state import InstanceState

from freehold.models.construct import NEW
from freehold.models.rules import table_of

_ATTRIBUTE: Final = "_sa_instance_state"


class LazyState:
    """The state of an instance: detached, with its key, if a scope has loaded it; transient, if it was constructed.

    A non-data descriptor: an instance that has its state never comes here. An instance without columns is one that
    is being constructed, and SQLAlchemy must see that it has no state yet.
    """

    def __get__(self, instance: Any, owner: type[Any]) -> Any:
        loaded = _columns_of(instance)
        new = loaded.pop(NEW, False)
        if not loaded and not new:
            raise AttributeError(_ATTRIBUTE)
        mapper: Mapper[Any] = inspect(owner)
        state: InstanceState[Any] = InstanceState(instance, mapper.class_manager)
        names = [column.key for column in table_of(owner).primary_key]
        if not new and all(name in loaded for name in names):
            state.key = mapper.identity_key_from_primary_key(tuple(loaded[name] for name in names))
        loaded[_ATTRIBUTE] = state
        return state


def _columns_of(instance: object) -> dict[str, Any]:
    return {} if instance is None else instance.__dict__
