"""freehold with statements that are built anew for every call, as code without `@query` does."""

from __future__ import annotations

from sqlalchemy import select

from benchmarks.model import Task
from benchmarks.peers.freehold import Freehold
from benchmarks.workload import LISTED, Job


class FreeholdAdhoc(Freehold):
    """Only the list: the other verbs of the `freehold` peer build their statements for every call as it is."""

    title = "freehold, ad-hoc `select()`"
    note = ""

    async def list20(self, job: Job) -> list[Task]:
        user = self._db.as_user(self._identities[job.user])
        return await user.all(select(Task).order_by(Task.id.desc()).limit(LISTED))

    def cases(self) -> list[str]:
        return ["list20"]


PEER = FreeholdAdhoc
