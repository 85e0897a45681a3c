"""How a store of before becomes one of now: scripts in the order of their numbers, each run once (audit/migrate.py)."""
