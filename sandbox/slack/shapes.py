"""JSON as it travels, and the two ways of saying no: Slack's to the app, ours to whoever drives the stand-in."""

from typing import Any

Json = dict[str, Any]


class SlackError(Exception):
    """What the Web API answers as ``ok: false``: Slack's word for it, and what stands beside it."""

    def __init__(self, error: str, **more: object) -> None:
        """Keep Slack's word; ``more`` goes into the answer as it is."""
        super().__init__(error)
        self.error = error
        self.more = more


class Wrong(Exception):
    """What the driver answers with a 4xx status: one sentence that says what was wrong and what would be right."""

    def __init__(self, sentence: str, status: int = 400, **more: object) -> None:
        """Keep the sentence; ``more`` goes into the answer as it is."""
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
        self.more = more
