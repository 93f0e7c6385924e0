"""How much a user may ask for in a day (UTC): tasks and messages together, counted as they are sent, never given back.

The limit is the user's own setting, which only the service writes; else, for somebody whose address is in one of
``ADMIN_EMAIL_DOMAINS``, ``MAX_MESSAGES_PER_DAY_ADMIN``; else the platform's setting; else ``MAX_MESSAGES_PER_DAY``.
An address is one that the provider had verified when its owner signed in.
"""

from __future__ import annotations

import os
from typing import Final

from sqlalchemy import select

from examples.coding_agents.models import MESSAGES_A_DAY, PlatformSetting, Setting, User
from freehold.errors import Code, ConfigurationError
from freehold.identity import Identity
from freehold.limits import Daily
from freehold.scope import UserScope

_USUAL: Final = 50
_ADMINS: Final = 500


async def own_limit(scope: UserScope, _: Identity) -> int:
    """The limit of the scope's user, in one round trip."""
    own, general, emails = await scope.batch(
        select(Setting.value).where(Setting.key == MESSAGES_A_DAY),
        select(PlatformSetting.value).where(PlatformSetting.key == MESSAGES_A_DAY),
        select(User.email),
    )
    if own:
        return _number(own[0], f"the user's setting {MESSAGES_A_DAY}")
    if any(_is_admin(email) for email in emails):
        return _configured("MAX_MESSAGES_PER_DAY_ADMIN", _ADMINS)
    if general:
        return _number(general[0], f"the platform's setting {MESSAGES_A_DAY}")
    return _configured("MAX_MESSAGES_PER_DAY", _USUAL)


MESSAGES: Final = Daily("messages", _USUAL, override=own_limit)


def _is_admin(email: str | None) -> bool:
    domains = {each.strip().lower() for each in os.environ.get("ADMIN_EMAIL_DOMAINS", "").split(",")} - {""}
    return email is not None and email.rpartition("@")[2].lower() in domains


def _configured(name: str, usual: int) -> int:
    text = os.environ.get(name)
    return usual if not text else _number(text, name)


def _number(text: str, place: str) -> int:
    """A limit that is none lets nobody through: it is an error of whoever runs the platform."""
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    raise ConfigurationError(
        Code.SETTING_INVALID, f"A limit is no whole number: {place}.", hint="Write a number, 0 for none at all: 50"
    )
