"""Heads of the record that are written down elsewhere, signed: what a chain alone can't show, they show."""
