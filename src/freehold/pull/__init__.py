"""Models from a database that exists: what its catalog says, in the words of `freehold.models`."""

from freehold.pull.pull import Pulled, pull
from freehold.pull.remark import Remark

__all__ = ["Pulled", "Remark", "pull"]
