"""Carrying out a plan once, and knowing what happened."""
