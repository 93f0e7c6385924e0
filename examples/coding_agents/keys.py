"""Keys of providers over HTTP: sealed as they come in, and nothing of one goes out but its last four characters."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import BaseModel, Field
from sqlalchemy import delete, select

from examples.coding_agents.models import Key, KeyProvider
from examples.coding_agents.paging import newest
from examples.coding_agents.schemas import Given, Which
from freehold import UserContext, action, set_
from freehold.encryption import Sealed
from freehold.errors import Code, NotVisibleError, SealError, UniqueViolationError
from freehold.schemas import SelectSchema
from freehold.scope import UserScope

_SHAPES: Final[dict[KeyProvider, re.Pattern[str]]] = {
    "anthropic": re.compile(r"sk-ant-[A-Za-z0-9_-]{16,}"),
    "openai": re.compile(r"sk-[A-Za-z0-9_-]{16,}"),
    "cursor": re.compile(r"(?:key|crsr)_[A-Za-z0-9]{16,}"),
    "gemini": re.compile(r"AIza[A-Za-z0-9_-]{30,}"),
    "aigateway": re.compile(r"vck_[A-Za-z0-9]{16,}"),
    "github": re.compile(r"gh[opsur]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"),
}


class SetKey(Given):
    """A key for a provider; it replaces the one that is there."""

    provider: KeyProvider
    value: Annotated[str, Field(min_length=16, max_length=4096, pattern=r"^[!-~]{16,}$", repr=False)]


class KeyOut(SelectSchema[Key], only={"provider", "updated_at"}):
    """Which key there is; ``last_four`` is null where the key does not open, which is an error of this place."""

    last_four: str | None = None

    @classmethod
    def of(cls, row: Key) -> KeyOut:
        """What is shown of a key."""
        text = _opened(row)
        shown = super().of(row)
        return shown.model_copy(update={"last_four": None if text is None else text[-4:]})


class KeyPage(BaseModel):
    """Keys, the newest first; ``next`` is for ``after``, and null at the end."""

    keys: list[KeyOut]
    next: str | None


class KeyChecked(BaseModel):
    """``opens``: whether the key can be decrypted; ``plausible``: whether it looks as the provider's keys do."""

    provider: KeyProvider
    opens: bool
    plausible: bool


@action.read("keys.list", path="/keys", scope="keys:read")
async def list_keys(ctx: UserContext, which: Which) -> KeyPage:
    """The providers that the caller has a key for."""
    rows, following = await newest(ctx.scope, Key, which.after, which.limit)
    return KeyPage(keys=[KeyOut.of(each) for each in rows], next=following)


@action("keys.set", path="/keys", scope="keys:write")
async def set_key(ctx: UserContext, given: SetKey) -> KeyOut:
    """Keeps a key, in place of the one for the same provider; two at once both succeed, and one of them is kept."""
    value = Sealed(given.value)
    if not await _replace(ctx.scope, given.provider, value):
        try:
            await ctx.scope.insert(Key(provider=given.provider, value=value))
        except UniqueViolationError:
            await _replace(ctx.scope, given.provider, value)
    return KeyOut.of(await _key(ctx.scope, given.provider))


@action("keys.delete", path="/keys/{provider}", method="DELETE", scope="keys:write")
async def delete_key(ctx: UserContext, provider: KeyProvider) -> None:
    """Forgets a key."""
    if not await ctx.scope.all(delete(Key).where(Key.provider == provider).returning(Key.id)):
        raise _missing()


@action("keys.check", path="/keys/{provider}/check", scope="keys:read")
async def check_key(ctx: UserContext, provider: KeyProvider) -> KeyChecked:
    """Whether a key opens and looks right; the provider is not asked."""
    text = _opened(await _key(ctx.scope, provider))
    plausible = text is not None and _SHAPES[provider].fullmatch(text) is not None
    return KeyChecked(provider=provider, opens=text is not None, plausible=plausible)


ACTIONS: Final = (list_keys, set_key, delete_key, check_key)


async def _replace(scope: UserScope, provider: KeyProvider, value: Sealed[str]) -> bool:
    return bool(await scope.update(Key, Key.provider == provider, set_(Key.value, value)))


async def _key(scope: UserScope, provider: KeyProvider) -> Key:
    key = await scope.first(select(Key).where(Key.provider == provider))
    if key is None:
        raise _missing()
    return key


def _opened(key: Key) -> str | None:
    try:
        return key.value.reveal()
    except SealError:
        return None


def _missing() -> NotVisibleError:
    return NotVisibleError(Code.NOT_VISIBLE, "The caller has no key for this provider.")
