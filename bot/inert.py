r"""Values that came from outside: shown so that what is read is what is there, and nothing in them acts.

Three ways, each of which can be read back without doubt, so two different values never look the same:
a character that can't be seen becomes ``\u200b`` or ``\U000e0041``; one that Slack would take as markup becomes its
nearest look-alike, and the look-alike itself becomes an escape; ``&``, ``<`` and ``>`` become Slack's entities.
"""

import re
import unicodedata
from functools import lru_cache

_UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"}  # categories; the plain space is the only Zs that is let be
_BLANK = (  # draws nothing, whatever its category says: Unicode's Default_Ignorable_Code_Point, and blanks with a glyph
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2065, 0x2065),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFC),
    (0x13441, 0x13442),
    (0x1BCA0, 0x1BCA3),
    (0x1D159, 0x1D159),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
_OVERLAY = ((0x0334, 0x0338), (0x20D0, 0x20F0))  # combining marks that strike out or frame what stands before them
_STACK = 2  # combining marks on one letter; more only serve to cover the line above
_ALIKE = {"`": "ˋ", "*": "∗", "_": "ˍ", "~": "∼", ":": "∶", " ": "␣", "\n": "⏎", "\t": "⇥"}  # noqa: RUF001  # that they look alike is the point
_ALIKES = frozenset(_ALIKE.values())
_REAL = {_ALIKE[char]: char for char in "`*_~:"}
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_OPENS = re.compile(r":(?=([\w+'-]+)(?::|\Z))")
_COUNTED = re.compile(r"\d+Z?")
_COUNTED_EMOJI = {"100", "1234"}  # the only ones of Slack's own that are digits
_PORT = re.compile(r"[0-9A-Za-z.\])]")
_BASIC = 0xFFFF


class Markup(str):
    """Text of our own that already is Slack's markup."""

    __slots__ = ()


def inert(value: object) -> Markup:
    """Make a value harmless in a text: no mention, link, emoji, bold or quote, nothing hidden or reordered.

    What was made inert once stays as it is.
    """
    if isinstance(value, Markup):
        return value
    text = str(value)
    codes = _emoji(text)
    return Markup("".join(_shown(text, at, codes) for at in range(len(text))))


def literal(value: object) -> Markup:
    """Make a value harmless inside of a code fence, where Slack takes no markup; spaces stay, as people copy it."""
    text = str(value)
    return Markup("".join(_spelled(text, at) for at in range(len(text))))


def code(value: object) -> Markup:
    """Give a value as a code span of its own: inside, Slack takes no markup, so all of it is as it is."""
    text = str(value)
    inside = "".join("␣" if _extra_space(text, at) else _spelled(text, at) for at in range(len(text)))
    return Markup(f"`{inside}`" if inside else "(empty)")


def real(text: str) -> str:
    """Put back what only Slack's markup made necessary, for a terminal or a file. What can't be seen stays spelled."""
    plain = "".join(_REAL.get(char, char) for char in text)
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _shown(text: str, at: int, codes: frozenset[int]) -> str:
    char = text[at]
    if (char in "*_~" and not _inside_word(text, at)) or at in codes or _extra_space(text, at):
        return _ALIKE[char]
    if char == ">" and at == 0:
        return r"\u003e"  # Slack draws a quote where a line begins with it, escaped or not
    return _spelled(text, at)


def _spelled(text: str, at: int) -> str:
    char = text[at]
    if char in "`\n\t":
        return _ALIKE[char]
    if char == "\\" and text[at + 1 : at + 2] in {"u", "U", ""}:
        return r"\u005c"  # else it could be read as an escape of ours
    if _unseen(char) or char in _ALIKES or (not char.isascii() and _covers(text, at)):
        point = ord(char)
        return f"\\u{point:04x}" if point <= _BASIC else f"\\U{point:08x}"
    return _ENTITIES.get(char, char)


def _inside_word(text: str, at: int) -> bool:
    """Say whether a mark stands between two letters or digits, where Slack never takes it as one (``slot_db2``)."""
    around = text[max(at - 1, 0) : at] + text[at + 1 : at + 2]
    return len(around) == 2 and around.isascii() and around.isalnum()  # noqa: PLR2004  # one on each side


def _emoji(text: str) -> frozenset[int]:
    """Find the colons that could open an emoji's code, here or with what a template says next.

    Digits behind a letter or digit are let be, so that 12:34:56 and db1:5432 stay as they are: no emoji of Slack's own
    is called like that. Breaking the first colon is enough.
    """
    return frozenset(
        found.start()
        for found in _OPENS.finditer(text)
        if not _COUNTED.fullmatch(found[1])
        or found[1] in _COUNTED_EMOJI
        or not _PORT.fullmatch(text[max(found.start() - 1, 0) : found.start()])
    )


def _extra_space(text: str, at: int) -> bool:
    """Say whether a space could hide: at an end, or behind another one (padding pushes text out of sight)."""
    return text[at] == " " and (at in {0, len(text) - 1} or text[at - 1] == " ")


@lru_cache(4096)
def _unseen(char: str) -> bool:
    return char != " " and (unicodedata.category(char) in _UNSEEN or _within(char, _BLANK))


def _covers(text: str, at: int) -> bool:
    """Say whether a combining mark stands where it would change what is read before it."""
    kind = unicodedata.category(text[at])
    if kind not in {"Mn", "Me"}:
        return False
    before = text[max(at - _STACK, 0) : at]
    marks = sum(unicodedata.category(char) in {"Mn", "Me"} for char in before)
    on_letter = bool(before) and unicodedata.category(before[-1])[0] in "LM"
    return kind == "Me" or _within(text[at], _OVERLAY) or not on_letter or marks >= _STACK


def _within(char: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= ord(char) <= high for low, high in ranges)
