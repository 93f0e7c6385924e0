"""Preferences over HTTP; the limits among them are read by their user, and written by the service alone."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, Field, StringConstraints, computed_field
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from examples.coding_agents.models import LIMIT_SETTINGS, Setting
from examples.coding_agents.paging import newest
from examples.coding_agents.schemas import Given, Which
from freehold import UserContext, action
from freehold.errors import Code, NotVisibleError
from freehold.models import text_id
from freehold.schemas import SelectSchema

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")]


class SetSetting(Given):
    """A preference."""

    key: Name
    value: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]


class SettingOut(SelectSchema[Setting], only={"key", "value", "updated_at"}):
    """A preference; ``own``: whether its user may change it."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def own(self) -> bool:
        """Whether its user may change it."""
        return self.key not in LIMIT_SETTINGS


class SettingPage(BaseModel):
    """Settings, the newest first; ``next`` is for ``after``, and null at the end."""

    settings: list[SettingOut]
    next: str | None


@action.read("settings.list", path="/settings", scope="settings:read")
async def list_settings(ctx: UserContext, which: Which) -> SettingPage:
    """The caller's settings."""
    rows, following = await newest(ctx.scope, Setting, which.after, which.limit)
    return SettingPage(settings=SettingOut.all_of(rows), next=following)


@action("settings.set", path="/settings", scope="settings:write")
async def set_setting(ctx: UserContext, given: SetSetting) -> SettingOut:
    """Sets a preference, whether or not it is there already; two at once both succeed."""
    statement = insert(Setting).values(id=text_id(), key=given.key, value=given.value)
    written = statement.on_conflict_do_update(index_elements=["user_id", "key"], set_={"value": given.value})
    _, row = await ctx.scope.batch(written.returning(Setting.id), select(Setting).where(Setting.key == given.key))
    return SettingOut.of(row[0])


@action("settings.delete", path="/settings/{key}", method="DELETE", scope="settings:write")
async def delete_setting(ctx: UserContext, key: Name) -> None:
    """Forgets a preference."""
    if not await ctx.scope.all(delete(Setting).where(Setting.key == key).returning(Setting.id)):
        raise NotVisibleError(Code.NOT_VISIBLE, "There is no such setting that this caller may delete.")


ACTIONS: Final = (list_settings, set_setting, delete_setting)
