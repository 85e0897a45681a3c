"""The words that every room shares: plans, facts, grants, errors, time and ids."""
