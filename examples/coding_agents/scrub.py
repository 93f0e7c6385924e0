"""Secrets do not reach the log: neither the user's own nor anything that has the shape of a well-known token."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

REDACTED: Final = "[redacted]"

_SHORTEST: Final = 8  # a shorter secret would redact ordinary words

_KNOWN: Final = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*",
    r"\bsk-[A-Za-z0-9_-]{16,}",  # OpenAI, Anthropic (sk-ant-...), OpenRouter
    r"\bgh[opsur]_[A-Za-z0-9]{20,}",
    r"\bgithub_pat_[A-Za-z0-9_]{20,}",
    r"\bglpat-[A-Za-z0-9_-]{16,}",
    r"\bfh[ps]_[A-Za-z0-9]{20,}",
    r"\bcrsr_[A-Za-z0-9]{16,}",
    r"\bfh1\.[uk][A-Za-z0-9]*\.[A-Za-z0-9_-]{20,}",
    r"\b(?:vercel|vck|vca|vci)_[A-Za-z0-9]{16,}",
    r"\bxox[abeprs]-[A-Za-z0-9-]{10,}",
    r"\bA(?:KIA|SIA)[A-Z0-9]{16}\b",
    r"\bAIza[A-Za-z0-9_-]{30,}",
    r"\bnpm_[A-Za-z0-9]{30,}",
    r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
    r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)",  # a password in a URL
    r"(?i:(?<=bearer )|(?<=authorization: basic ))[A-Za-z0-9._~+/=-]{12,}",
)
_SHAPES: Final = re.compile("|".join(_KNOWN))
_UNPRINTABLE: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f]")


class Scrubber:
    """Cleans text of the given secrets and of known token shapes."""

    def __init__(self, secrets: Iterable[str | None] = ()) -> None:
        # A log is cleaned line by line, and a secret may have several.
        lines = {line.strip() for secret in secrets if secret is not None for line in secret.splitlines()}
        kept = {line for line in lines if len(line) >= _SHORTEST}
        # The longest first: one secret may be part of another.
        longest_first = sorted(kept, key=len, reverse=True)
        self._own = re.compile("|".join(map(re.escape, longest_first))) if kept else None

    def clean(self, text: str) -> str:
        """The text without secrets, terminal escapes and control characters."""
        text = _UNPRINTABLE.sub("", text)
        if self._own is not None:
            text = self._own.sub(REDACTED, text)
        return _SHAPES.sub(REDACTED, text)

    def __repr__(self) -> str:
        return "<Scrubber>"
