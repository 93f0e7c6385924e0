"""How often a user may do something: daily quotas and bursts, counted in the transaction of what is counted.

`freehold.limits.spend` counts, and has tables of its own, so it is imported where it is used.
"""

from freehold.limits.limit import Burst, Daily, Limit, Override
from freehold.limits.standing import Standing, headers_of

__all__ = ["Burst", "Daily", "Limit", "Override", "Standing", "headers_of"]
