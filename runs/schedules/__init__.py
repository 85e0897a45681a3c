"""Schedules: which moments are due, and whose each one is."""
