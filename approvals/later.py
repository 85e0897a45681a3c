"""PLACEHOLDER: to be replaced wholly by whoever owns this file."""

from datetime import datetime, timedelta

from core.outcome import Refusal


def when(text: str, zone: str, now: datetime) -> datetime | Refusal:
    """Placeholder."""
    return now + timedelta(hours=2)
