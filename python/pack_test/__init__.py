"""Runs a pack's own unit tests: `python3 -m pack_test DIR`."""
