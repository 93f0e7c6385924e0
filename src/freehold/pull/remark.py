"""What a reader of pulled models has to know: a decision to take, or something that models cannot say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """``kind``: ``decide`` where the models propose what the database does not say, ``lost`` where they cannot say it."""

    subject: str
    kind: Literal["decide", "lost"]
    text: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.text}"
