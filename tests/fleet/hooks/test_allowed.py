"""Hooks on a host whose key may only run what the root-owned allow file lists: the lines that the how-to tells."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.errors import SeconderError
from core.outcome import AMISS, Probe
from fleet import jobs
from fleet.hooks import carrying, planning, trying
from fleet.hooks.hook import At
from fleet.inventory import Host
from fleet.reach import Reach
from tests.fixtures.hooked import WORDS, script, step_of
from tests.fixtures.pooler import made
from tests.fixtures.sshd import Sshd, serving
from tests.fixtures.views import inventory

pytestmark = pytest.mark.sshd


@dataclass
class Guarded:
    """A host whose sshd forces the script on everybody; ``allow`` is the file of what may run."""

    server: Sshd
    folder: Path

    def allow(self, *lines: str) -> None:
        path = self.folder / "allow"
        path.unlink(missing_ok=True)
        path.write_text("\n".join(lines))
        path.chmod(0o444)

    def site(self, run_as: str = "") -> Reach:
        at = self.server.address
        host = Host("pool1", at.host, at.user, run_as, str(self.folder), at.port, at.key)
        hook = made(
            "vip",
            "pre_promote",
            command=[str(self.folder / "vip"), "drop", "{old}"],
            on="pool1",
            proof={"command": [str(self.folder / "vip"), "gone"], "time_limit": 1},
            undo={"command": [str(self.folder / "vip"), "take", "{old}"]},
        )
        return Reach(inventory(hooks=(hook,), hosts={"pool1": host}), self.server.known_hosts)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    job = tmp_path / "seconder-job"
    job.write_bytes(jobs._SCRIPT.read_bytes())
    job.chmod(0o755)
    (tmp_path / "jobs").mkdir()
    vip = f"case $1 in drop) touch {tmp_path}/flag ;; take) rm {tmp_path}/flag ;; gone) test -e {tmp_path}/flag ;; esac"
    script(tmp_path, "vip", vip)
    with serving(f"ForceCommand {job} --dir {tmp_path}/jobs --allow {tmp_path}/allow") as server:
        yield Guarded(server, tmp_path)


def test_with_its_lines_a_hook_is_seen_done_proven_and_taken_back(guarded: Guarded) -> None:
    vip = f"{guarded.folder}/vip"
    guarded.allow(
        f"sha256sum -- {vip}", f"timeout -k 5 10 {vip} drop *", f"{vip} gone", f"timeout -k 5 10 {vip} take *"
    )
    site = guarded.site()
    (hook,) = trying.look(site, (At.PRE_PROMOTE,), WORDS)
    assert hook.wrong == ""
    step = planning.steps_at([hook], At.PRE_PROMOTE)[0]
    assert carrying.run(site, step_of(), **step.args).text.startswith("took ")  # type: ignore[arg-type]  # a step's args
    assert carrying.proven(site, step_of(), **step.args) is Probe.DONE  # type: ignore[arg-type]  # as above
    assert step.undo is not None
    back = carrying.take_back(site, step_of(), **step.undo.args)  # type: ignore[arg-type]  # as above
    assert AMISS not in back.data
    assert not (guarded.folder / "flag").exists()
    site.close()


def test_without_them_it_is_said_before_anybody_agrees_and_nothing_runs(guarded: Guarded) -> None:
    vip = f"{guarded.folder}/vip"
    guarded.allow("nothing")
    site = guarded.site()
    (hook,) = trying.look(site, (At.PRE_PROMOTE,), WORDS)
    assert "not in" in hook.wrong
    guarded.allow(f"sha256sum -- {vip}")
    (hook,) = trying.look(site, (At.PRE_PROMOTE,), WORDS)
    step = planning.steps_at([hook], At.PRE_PROMOTE)[0]
    with pytest.raises(SeconderError) as refused:
        carrying.run(site, step_of(), **step.args)  # type: ignore[arg-type]  # a step's args
    assert refused.value.code == "JOB-NOT-ALLOWED"
    assert not (guarded.folder / "flag").exists()
    site.close()
