"""Every sentence that a person reads comes from a template; what is put into one is made inert."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from core.clock import moment

TEMPLATES = Path(__file__).resolve().parent.parent / "config" / "templates"
_KIB = 1024
_HIDDEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
_DATE = re.compile(r"<!date\^[^|>]*\|([^>]*)>")
_MARKS = re.compile(r"[*`]")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class Markup(str):
    """Text of our own that already is Slack's markup."""

    __slots__ = ()


def inert(value: object) -> object:
    """Make a value that came from outside harmless: no mention, no link, no hidden or reordering character.

    Slack wants ``&``, ``<`` and ``>`` escaped and nothing else. Invisible and bidirectional characters are shown as
    escapes, so that an approver sees what is there; backticks can't end a code span.
    """
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    shown = "".join(_shown(char) for char in value)
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _shown(char: str) -> str:
    if char in "\n\t":
        return " "
    if char == "`":
        return "'"
    return f"\\u{ord(char):04x}" if unicodedata.category(char) in _HIDDEN else char


class Texts:
    """The templates. Undefined names are errors, never blanks."""

    def __init__(self, folder: Path = TEMPLATES) -> None:
        """Load templates from a folder."""
        self._env = SandboxedEnvironment(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            finalize=inert,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # HTML escaping would show as text in Slack; finalize does Slack's own
        )
        self._env.filters.update(
            size=size, duration=duration, date=slack_date, clock=utc_clock, bar=bar, sentence=sentence, of_run=of_run
        )

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
    """Put the run's id where a by-hand command says RUN: a plan is made before its run."""
    return re.sub(r"\bRUN\b", run, line)


def unmarked(text: str) -> str:
    """Give a text for a terminal: Slack's dates by their fallback, no stars and backticks, characters unescaped."""
    bare = _DATE.sub(r"\1", text)
    bare = _MARKS.sub("", bare)
    return bare.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _moment(when: object) -> datetime:
    if isinstance(when, datetime):
        return when.astimezone(UTC)
    return moment(str(when))
