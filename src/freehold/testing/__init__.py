"""Tests of isolation for applications: a pytest plugin, and assertions that count a denial only beside a control.

The plugin registers itself; what it gives is in `freehold.testing.plugin`.
"""

from freehold.testing.assertion import Denial, assert_allowed, assert_denied

__all__ = ["Denial", "assert_allowed", "assert_denied"]
