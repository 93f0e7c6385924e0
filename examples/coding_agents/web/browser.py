"""What a browser calls itself (User-Agent: RFC 9110, section 10.1.5), in words that its owner knows."""

from __future__ import annotations

from typing import Final

# In this order: most of them call themselves what others are called, too.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_LONGEST: Final = 40


def browser_of(user_agent: str | None) -> str:
    """``Firefox on Linux``; for a program that is no browser, the beginning of what it says."""
    if not user_agent:
        return "An unknown program"
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), None)
    if browser is None:
        return user_agent[:_LONGEST]
    return f"{browser} on {system}" if system else browser
