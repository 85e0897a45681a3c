"""What a message may hold: texts and blocks as Slack takes or refuses them, from any road that leads into a channel."""

from collections.abc import Sequence

from sandbox.slack.blocks import check_blocks
from sandbox.slack.messages import Content
from sandbox.slack.shapes import Json, SlackError

LONGEST_TEXT = 40_000  # chat.postMessage cuts there, slack.md 2.3
LONGEST_EDIT = 4_000  # chat.update refuses beyond it
_METADATA_KEYS = {"event_type", "event_payload"}


def content(
    text: object, blocks: object, attachments: object = None, metadata: object = None, *, edit: bool = False
) -> Content:
    """Build what a message shows. Raises SlackError: no_text, msg_too_long, invalid_blocks and their like."""
    words = str(text or "")
    if edit and len(words) > LONGEST_EDIT:
        raise SlackError("msg_too_long")
    shown = check_blocks(blocks) if blocks is not None else []
    attached = _attachments(attachments)
    if not words and not shown and not attached:
        raise SlackError("no_text")
    return Content(words[:LONGEST_TEXT], shown, attached, _metadata(metadata))


def _attachments(found: object) -> Sequence[Json]:
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise SlackError("invalid_attachments")
    for attachment in found:
        if attachment.get("blocks") is not None:
            check_blocks(attachment["blocks"])
    return found


def _metadata(found: object) -> Json | None:
    if found is None or found == {}:
        return None
    if (
        not isinstance(found, dict)
        or set(found) != _METADATA_KEYS
        or not isinstance(found["event_type"], str)
        or not isinstance(found["event_payload"], dict)
    ):
        raise SlackError("invalid_metadata_format")
    return found
