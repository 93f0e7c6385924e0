"""What a user may do here: look at their own profile, and change the name in it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import select, true

from examples.profiles import page
from examples.profiles.models import Profile
from freehold import UserContext, UserScope, action, set_
from freehold.actions import Form, Page
from freehold.schemas import SelectSchema

FullName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class UpdateProfile(BaseModel):
    """What a user may change."""

    model_config = ConfigDict(extra="forbid")

    full_name: FullName


class ProfileOut(SelectSchema[Profile], only={"email", "full_name", "updated_at"}):
    """A profile, as its owner gets it."""


async def get_profile(scope: UserScope) -> Profile:
    """The caller's own profile: which one need not be said. Raises `NotVisibleError` for a caller without."""
    return await scope.one(select(Profile))


async def show_profile(ctx: UserContext, form: Form) -> str:
    """The page with the caller's profile, and with what is wrong in the form."""
    return page.profile(await get_profile(ctx.scope), form)


@action("profile.update", page=Page("/?saved", show_profile))
async def update_profile(ctx: UserContext, input: UpdateProfile) -> ProfileOut:  # noqa: A002 - what it is
    """Changes the caller's name. "All rows" are the caller's: nobody else's are in reach."""
    await ctx.scope.update(Profile, true(), set_(Profile.full_name, input.full_name))
    return ProfileOut.of(await get_profile(ctx.scope))
