"""PostgreSQL, seen and operated."""
