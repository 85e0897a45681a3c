"""What the demo offers to the page beside Slack: how the world is, and trouble on request."""

from typing import Protocol


class Panel(Protocol):
    """The demo, as the page sees it."""

    def state(self) -> dict[str, object]:
        """Give the writer's count and gaps, the nodes, the bot, and commands to try."""
        ...

    def trouble(self, kind: str) -> dict[str, object]:
        """Make trouble of a kind; gives ``ok`` and ``said``."""
        ...
