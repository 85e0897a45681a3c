"""A Slack for tests and newcomers."""
