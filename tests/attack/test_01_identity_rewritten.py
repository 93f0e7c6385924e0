"""Threat: one SELECT of the attacker's own makes itself somebody else (in a CTE, a WHERE, a UNION, a lateral join).

Whoever may send SQL of their own choice can set claims: that is written down as what is not stopped, and shown here, so
that nobody believes otherwise. What must hold is that it ends with the transaction, that no other role is reached, and
that the library never sends such a text for a value.
"""

from __future__ import annotations

import pytest
from sqlalchemy import select

from examples.coding_agents.models import Task
from freehold import Database, Identity
from tests.attack.attempt import sent
from tests.attack.platform import ALICE, BOB, Platform

BECOME = f'set_config(\'request.jwt.claims\', \'{{"sub":"{ALICE}","role":"authenticated"}}\', true)'
FORMS = {
    "cte": f"WITH x AS MATERIALIZED (SELECT {BECOME}) SELECT t.id FROM x, public.tasks t WHERE x IS NOT NULL",
    "where": f"SELECT id FROM public.tasks WHERE {BECOME} <> ''",
    "union": f"SELECT {BECOME} UNION ALL SELECT id FROM public.tasks",
    "lateral": f"SELECT t.id FROM (SELECT {BECOME} AS s) AS x CROSS JOIN LATERAL (SELECT id FROM public.tasks WHERE x.s <> '') AS t",
}
ROLE = "SELECT set_config('role', 'service_role', true)"


@pytest.mark.parametrize("form", FORMS)
def test_it_ends_with_the_transaction(platform: Platform, form: str) -> None:
    """Whatever it read, the next transaction on the same connection is the attacker's own again."""
    sent(platform.login, Identity.user(BOB), FORMS[form])
    assert sent(platform.login, Identity.user(BOB), "SELECT user_id FROM public.tasks") == [(BOB,)]
    assert sent(platform.login, None, "SELECT id FROM public.tasks") == "42501"


def test_the_attack_is_real(platform: Platform) -> None:
    """The control, and the limit: in the statements that follow in the transaction the attacker is the other user."""
    rows = sent(platform.login, Identity.user(BOB), f"SELECT {BECOME}", "SELECT user_id FROM public.tasks")
    assert rows == [(ALICE,)]


@pytest.mark.parametrize("form", FORMS)
def test_no_role_is_reached(platform: Platform, form: str) -> None:
    """The same with the role: the login cannot become what bypasses row security, wherever it is written."""
    statement = FORMS[form].replace(BECOME, "set_config('role', 'service_role', true)")
    assert sent(platform.login, Identity.user(BOB), statement) == "42501"


async def test_a_value_is_never_text(db: Database) -> None:
    """Through the verbs the same text is a value, and finds nothing."""
    for text in (*FORMS.values(), f"' OR {BECOME} <> ''"):
        assert await db.as_user(BOB).all(select(Task).where(Task.title == text)) == []
