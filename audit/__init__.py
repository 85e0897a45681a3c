"""The record: one store, one hash chain."""
