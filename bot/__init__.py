"""The face: Slack, the command line, and the wiring of all rooms."""
