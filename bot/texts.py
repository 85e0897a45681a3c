"""Every sentence that a person reads comes from a template; what is put into one is made inert."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from bot.inert import Markup, code, inert, literal, real
from bot.ours import OwnEnvironment
from bot.signed import masked
from core.canonical import plain
from core.clock import moment

__all__ = ["TEMPLATES", "Markup", "Texts", "inert"]  # what the rest of the bot takes from here

TEMPLATES = Path(__file__).resolve().parent.parent / "config" / "templates"
_KIB = 1024
_DATE = re.compile(r"<!date\^[^|>]*\|([^>]*)>")
_CODE = re.compile(r"```(.*?)```|`([^`\n]*)`", re.DOTALL)
_BOLD = re.compile(r"(?<![0-9A-Za-z])\*|\*(?![0-9A-Za-z])")  # inside of a word it is a value's own
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class Texts:
    """The templates. Undefined names are errors, never blanks."""

    def __init__(self, folder: Path = TEMPLATES) -> None:
        """Load templates from a folder."""
        self._env = OwnEnvironment(folder)
        self._env.filters.update(
            size=size,
            duration=duration,
            date=slack_date,
            day=slack_day,
            clock=utc_clock,
            bar=bar,
            sentence=sentence,
            of_run=of_run,
        )
        self._env.filters.update(code=code, literal=literal, as_json=as_json, masked=masked)

    def parts(self, name: str, data: Mapping[str, object]) -> dict[str, str]:
        """Give every named block of a template, each stripped; the base is the template itself."""
        template = self._env.get_template(name)
        context = template.new_context(dict(data))
        return {block: "".join(render(context)).strip() for block, render in template.blocks.items()}

    def whole(self, name: str, data: Mapping[str, object]) -> str:
        """Give a template's whole text."""
        return self._env.get_template(name).render(dict(data)).strip()


def size(count: object) -> str:
    """Write a number of bytes with an IEC unit."""
    if not isinstance(count, int):
        return "unknown"
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(amount) < _KIB:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= _KIB
    return f"{amount:.1f} TiB"


def duration(seconds: object) -> str:
    """Write a number of seconds as people say it."""
    if not isinstance(seconds, (int, float)):
        return "unknown"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004  # two digits are enough
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.0f} h" if seconds < 2 * _DAY else f"{seconds / _DAY:.0f} days"


def slack_date(when: object) -> str:
    """Write a moment so that every reader sees it in their own zone; UTC for who can't."""
    at = _moment(when)
    return Markup(f"<!date^{int(at.timestamp())}^{{time_secs}}|{at:%H:%M:%S} UTC>")


def slack_day(when: object) -> str:
    """Write a moment with its day, so that every reader sees it in their own zone; UTC for who can't."""
    at = _moment(when)
    return Markup(f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{at:%Y-%m-%d %H:%M} UTC>")


def utc_clock(when: object) -> str:
    """Write a moment's time of day in UTC."""
    return f"{_moment(when):%H:%M:%S} UTC"


def bar(done: object, total: object = 100) -> str:
    """Draw how far something is."""
    if not isinstance(done, int) or not isinstance(total, int) or total <= 0:
        return ""
    part = max(0.0, min(1.0, done / total))
    full = round(part * 10)
    return "▓" * full + "░" * (10 - full) + f" {part * 100:.0f} %"


def sentence(text: str) -> str:
    """Begin with a capital letter."""
    return text[:1].upper() + text[1:]


def of_run(line: str, run: str) -> str:
    """Put the run's id where a by-hand command says RUN: a plan is made before its run. It stands in a code fence."""
    return literal(re.sub(r"\bRUN\b", run, line))


def as_json(value: object) -> str:
    """Write a value as JSON, so that 1 and "1" differ, in a code span."""
    return code(json.dumps(plain(value), ensure_ascii=False, sort_keys=True))


def unmarked(text: str) -> str:
    """Give a text for a terminal: Slack's dates by their fallback, no stars and backticks of ours, values as they are.

    What can't be seen in a value stays spelled out.
    """
    bare, at = "", 0
    for span in _CODE.finditer(text):
        bare += _BOLD.sub("", text[at : span.start()]) + (span[1] or span[2] or "")
        at = span.end()
    bare += _BOLD.sub("", text[at:])
    return real(_DATE.sub(r"\1", bare))


def _moment(when: object) -> datetime:
    if isinstance(when, datetime):
        return when.astimezone(UTC)
    return moment(str(when))
