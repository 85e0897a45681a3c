"""Secrets never reach the record: they are taken out before anything is hashed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.redact import harmless, redact
from core.canonical import canonical, plain

CANARY = "hunter2canary"


@pytest.mark.parametrize(
    "said",
    [
        "password={}",
        "password = '{}'",
        r"password='a\'{}'",
        "primary_conninfo = 'host=db1 password=''{} x'''",
        '{{"password": "{}"}}',
        "PGPASSWORD={} psql",
        "DB_PASSWORD='{}'",
        "passphrase: {}",
        "api_key={}",
        "--password {}",
        "ALTER ROLE bot PASSWORD '{}'",
        "CREATE ROLE bot LOGIN ENCRYPTED PASSWORD 'it''s {}'",
        "postgresql://bot:{}@db1/app",
        "postgresql://bot:p@{}@db1/app",
        "redis://:{}@cache",
        "postgresql://db1/app?user=bot&password={}",
        "Authorization: Bearer {}",
        "bearer {}",
        "xoxb-1-{}",
        "xoxe.xoxp-1-{}",
        "_xoxp-{}",
        "xapp-1-A-{}",
        "https://hooks.slack.com/services/T0/B0/{}",
        "SCRAM-SHA-256$4096:{}$abc:def",
        "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n{} and cut off",
    ],
)
def test_a_secret_in_a_text_is_gone(said: str) -> None:
    assert CANARY not in str(redact({"a": [f"before {said.format(CANARY)} after"]}))


@pytest.mark.parametrize("key", ["password", "DB_PASSWORD", "bot_token", "api-key", "secrets", "private_key"])
@pytest.mark.parametrize("value", [CANARY, [CANARY], {"deep": {"er": CANARY}}])
def test_a_secret_under_its_name_is_gone_whatever_holds_it(key: str, value: object) -> None:
    assert CANARY not in str(redact({"x": {key: value}}))


def test_a_secret_in_a_key_is_gone() -> None:
    assert CANARY not in str(redact({f"password={CANARY}": 1}))


@pytest.mark.parametrize(
    "said",
    [
        "db2 lags 5 MB, timeline 5, LSN 0/3000060",
        "pg_basebackup: error: directory exists but is not empty",
        "postgresql@18-main.service",
        "https://db1.example.org:8443/status",
        "plan 7f3a91c2, approved by ben",
        "password_encryption is scram-sha-256",
    ],
)
def test_what_is_no_secret_stays(said: str) -> None:
    assert redact({"said": [said, 1, None, True]}) == {"said": [said, 1, None, True]}


def test_whether_there_is_a_secret_may_be_said() -> None:
    assert redact({"password": None, "token": True}) == {"password": None, "token": True}


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_redacting_twice_changes_nothing_more(value: object) -> None:
    assert redact(redact(value)) == redact(value)


def test_a_long_text_takes_no_long_time() -> None:
    for piece in ("a", "://", "password", "'", "-----BEGIN ", "xoxb", "= "):
        redact(piece * 20_000)


WORDS = [
    "password",
    "PWD",
    "s",
    "ecret",
    "tok",
    "en",
    "=",
    ": ",
    "'x y'",
    "://a:b@",
    "xoxb-1",
    "md5" + "0" * 32,
    "\u017f",  # (?i) takes these three for s, k and i
    "\u212a",
    "\u0131",
]
PIECES = st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=8).map("".join)


@given(st.recursive(PIECES | st.none(), lambda inner: st.lists(inner) | st.dictionaries(PIECES, inner)))
def test_what_is_called_harmless_as_it_is_written_has_nothing_to_take_out(value: object) -> None:
    bare = plain(value)
    if harmless(canonical(bare).decode()):
        assert redact(bare) == bare


def test_most_lines_are_harmless() -> None:
    assert harmless('{"action":"run.started","actor":"ana","target":"main/db2"}')
    assert not harmless('{"detail":{"PASSWORD":"x"}}')
