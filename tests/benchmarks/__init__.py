"""Measurements that take minutes: `make bench-*`, never part of the tests."""
