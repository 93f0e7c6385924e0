"""What the JSON columns hold: log entries and the activity of sub-agents, with the limits they are kept to.

The program this one takes over from wrote the same documents in camel case; both spellings are read, ours is written.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AliasChoices, AliasGenerator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

LONGEST_MESSAGE: Final = 2000

LogType = Literal["info", "command", "error", "success", "subagent"]
SubAgentStatus = Literal["starting", "running", "completed", "error"]
AgentName = Annotated[str, Field(max_length=100)]


class _Document(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        populate_by_name=True,
        alias_generator=AliasGenerator(validation_alias=lambda name: AliasChoices(name, to_camel(name))),
    )


class AgentSource(_Document):
    """Which agent a log entry comes from."""

    name: AgentName
    is_sub_agent: bool
    parent_agent: str | None = None
    sub_agent_id: str | None = None


class LogEntry(_Document):
    """One line of a task's log."""

    type: LogType
    message: Annotated[str, Field(max_length=LONGEST_MESSAGE)]
    timestamp: AwareDatetime
    agent_source: AgentSource | None = None


class SubAgentActivity(_Document):
    """What a sub-agent does, or did."""

    id: str
    name: AgentName
    type: str | None = None
    status: SubAgentStatus
    started_at: AwareDatetime
    completed_at: AwareDatetime | None = None
    description: Annotated[str | None, Field(max_length=500)] = None
