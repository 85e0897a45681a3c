import contextlib
import os
import time
from pathlib import Path

import pytest

from fleet import local
from fleet.errors import ShellError
from fleet.local import LocalShell


def test_a_user_that_does_not_exist_is_named() -> None:
    with pytest.raises(ShellError, match="no-such-user") as refused:
        LocalShell("no-such-user").run(["true"], timeout=5)
    assert refused.value.code == "NO-SUCH-USER"


def test_without_a_user_programs_run_as_we_do() -> None:
    assert LocalShell().run(["id", "-u"], timeout=5).out == f"{os.geteuid()}\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else without sudo")
@pytest.mark.parametrize("setpriv", [True, False], ids=["by setpriv", "without it"])
def test_root_becomes_the_user_with_all_that_belongs_to_it(monkeypatch: pytest.MonkeyPatch, *, setpriv: bool) -> None:
    if not setpriv:
        monkeypatch.setattr(local, "_setpriv", lambda: "")
    ran = LocalShell("nobody").run(["sh", "-c", "id -un; id -ru; id -Gn; pwd; echo $HOME $USER"], timeout=5)
    name, real, groups, folder, environment = ran.out.splitlines()
    assert (name, folder) == ("nobody", "/")
    assert real != "0"
    assert "root" not in groups
    assert environment.endswith(" nobody")
    assert not environment.startswith("/root")


def test_a_program_that_ignores_the_polite_signal_is_ended_all_the_same(tmp_path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(Exception, match="did not end within"):
        LocalShell().run(
            ["sh", "-c", f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 1; done"], timeout=0.5
        )
    assert time.monotonic() - begun < 9
    assert not Path("/proc", (tmp_path / "pid").read_text().strip()).exists()


def _open_pipes() -> set[str]:
    """The pipes that are open here: what a program is run with. Others may close meanwhile what was theirs."""
    links = set[str]()
    for entry in os.scandir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            links.add(os.readlink(entry.path))  # noqa: PTH115
    return {link for link in links if link.startswith("pipe:")}


def test_no_file_descriptor_is_left_open() -> None:
    shell = LocalShell()
    shell.run(["true"], timeout=5)
    before = _open_pipes()
    for _ in range(20):
        shell.run(["cat"], timeout=5, stdin="x" * 100_000)
    assert _open_pipes() - before == set()


def test_messages_are_in_english_whatever_our_locale_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "fi_FI.UTF-8")
    assert LocalShell().run(["sh", "-c", "echo $LC_ALL"], timeout=5).out == "C\n"
