"""How a login that does not work is mended."""

import pytest

from fleet.inventory import LOCAL, Node
from fleet.local import LocalShell
from fleet.postgres import login

NODE = Node("db2", LOCAL, "", "postgres", 5432, "/data", "/bin", "", "seconder", "app", "/work", passfile="/no/pgpass")


@pytest.mark.parametrize(
    ("error", "unread", "word"),
    [
        ('FATAL: no pg_hba.conf entry for replication connection from host "10.0.0.2"', "", "pg_hba.conf"),
        ("fe_sendauth: no password supplied", "", "password file"),
        ("fe_sendauth: no password supplied", "/no/pgpass", "can't read /no/pgpass"),
        ("connection refused", "", "by hand"),
    ],
)
def test_the_hint_fits_the_error(error: str, unread: str, word: str) -> None:
    assert word in login.hint(error, NODE, "replicator", unread)


def test_a_password_file_that_the_servers_user_cannot_read_is_left_out() -> None:
    words = login.environment(LocalShell(), NODE)
    assert words[0] == "env"
    assert not any("PGPASSFILE" in word for word in words)
    assert login.unreadable(LocalShell(), NODE) == "/no/pgpass"
