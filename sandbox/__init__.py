"""A laptop-sized world: a Slack stand-in and a real PostgreSQL cluster."""
