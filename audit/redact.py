"""Takes secrets out of what is about to be recorded."""

import re
from collections.abc import Mapping, Sequence

GONE = "[redacted]"
_RULES = (
    (
        re.compile(r"(?i)\b(password|passwd|pwd|secret|token|pgpassword)(\s*[=:]\s*)('[^']*'|\"[^\"]*\"|[^\s,;&]+)"),
        rf"\1\2{GONE}",
    ),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s:/@]+):[^\s@]+@"), rf"\1:{GONE}@"),
    (re.compile(r"\bx(?:ox[a-z]|app)-[A-Za-z0-9-]+"), GONE),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), GONE),
)
_SECRET_KEYS = re.compile(r"(?i)(password|passwd|secret|token|private_key|pgpassword)")


def redact(value: object) -> object:
    """Give the value without passwords, tokens and private keys, at any depth."""
    match value:
        case str():
            for pattern, instead in _RULES:
                value = pattern.sub(instead, value)
            return value
        case Mapping():
            return {
                key: GONE if isinstance(item, str) and _SECRET_KEYS.fullmatch(str(key)) else redact(item)
                for key, item in value.items()
            }
        case Sequence() if not isinstance(value, (bytes, bytearray)):
            return [redact(item) for item in value]
        case _:
            return value
