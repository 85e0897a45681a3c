"""Holds: nothing new starts until two people lift it."""
