from sqlalchemy import *
from freehold import append, set_, with_deleted, Database
from freehold.errors import *
from tests.integration.scope.models import *
import pytest

async def test_insert_all_in_tx_commits(alice):
    async with alice.transaction() as tx:
        await tx.insert_all([Task(title=f"t{i}") for i in range(5)])
    assert len(await alice.all(select(Task))) == 5

async def test_many_shapes_commit(alice):
    async with alice.transaction() as tx:
        await tx.insert(Task(title="x"))
        for i in range(300):
            await tx.all(select(literal_column(str(i))))
    assert len(await alice.all(select(Task))) == 1

async def test_aborted(alice):
    await alice.insert(Task(title="x"))
    with pytest.raises(FreeholdError):
        async with alice.transaction() as tx:
            await tx.insert(Task(title="y"))
            try: await tx.insert(Task(title="x"))
            except UniqueViolationError: pass

def test_policy_text():
    print(*[s for s in schema_statements(Base.metadata) if "boards" in s], sep="\n")
    assert 0
from freehold.models import schema_statements
