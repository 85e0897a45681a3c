"""Takes secrets out of what is about to be recorded. It rather takes out too much."""

import re
from collections.abc import Mapping, Sequence

GONE = "[redacted]"
_WORD = r"(?:password|passwd|passphrase|pwd|secret|token|(?:api|access|secret|private)[_-]?key)s?"
_QUOTED = r"''[^']+''|'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\""

_RULES = (
    # DB_PASSWORD=x, password = 'x', "token": "x", ?secret=x
    (re.compile(rf"(?i)({_WORD}[\"']?\s*[=:]\s*)({_QUOTED}|[^\s,;&\"']+)"), rf"\1{GONE}"),
    # ALTER ROLE … PASSWORD 'x'; --password x
    (re.compile(rf"(?i)({_WORD}\s+)({_QUOTED})"), rf"\1{GONE}"),
    (re.compile(rf"(?i)(--?{_WORD}\s+)(\S+)"), rf"\1{GONE}"),
    # user:password@ in any URI; a password may hold an @ of its own
    (re.compile(r"(://[^\s:/@'\"]{0,256}):[^\s'\"]{1,1024}@"), rf"\1:{GONE}@"),
    (re.compile(r"(?i)(authorization[\"']?\s*[=:]\s*[\"']?\w+\s+|\bbearer\s+)[\w.~+/=-]{8,}"), rf"\1{GONE}"),
    # Slack's tokens, and its addresses that are as good as one
    (re.compile(r"(?<![A-Za-z0-9])x(?:ox[a-z]|app)(?:\.xox[a-z])?-[\w-]+"), GONE),
    (re.compile(r"(https://hooks\.slack\.com/)[^\s'\"]+"), rf"\1{GONE}"),
    # password hashes of PostgreSQL are enough to log in or to guess from
    (re.compile(r"SCRAM-SHA-256\$[^\s'\"]+|\bmd5[0-9a-f]{32}\b"), GONE),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), GONE),
)
# No rule fits a text without one of these, which most don't have.
_SIGNS = ("pass", "pwd", "secret", "token", "key", "://", "authorization", "bearer", "xox", "xapp", "scram-", "md5")
_SECRET_KEY = re.compile(rf"(?i){_WORD}$")


def harmless(text: str) -> bool:
    """Say whether no rule can fit: then nothing in it has to be taken out. False says nothing."""
    if not text.isascii():  # there are letters that a pattern takes for others
        return False
    lower = text.lower()
    return not any(sign in lower for sign in _SIGNS)


def redact(value: object) -> object:
    """Give the value without passwords, tokens and private keys, at any depth, in keys too."""
    match value:
        case str() if harmless(value):
            return value
        case str():
            for pattern, instead in _RULES:
                value = pattern.sub(instead, value)
            return value
        case Mapping():
            return {redact(key): _under(key, item) for key, item in value.items()}
        case Sequence() if not isinstance(value, (bytes, bytearray)):
            return [redact(item) for item in value]
        case _:
            return value


def _under(key: object, item: object) -> object:
    if item is None or isinstance(item, bool) or not _SECRET_KEY.search(str(key)):
        return redact(item)
    return GONE
