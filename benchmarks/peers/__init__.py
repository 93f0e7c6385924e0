"""One file for each peer; ``PEER`` in it is what is measured."""
