"""``python -m freehold.cli`` is ``freehold``."""

from freehold.cli import main

main()
