"""Layouts and planners beside references."""
