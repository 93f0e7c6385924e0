"""Benchmarks: freehold and the libraries people would use instead, measured side by side in one run."""
