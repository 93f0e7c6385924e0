"""``python -m freehold.cli`` is ``freehold``."""

from freehold.cli.app import main

main()
