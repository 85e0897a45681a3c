"""Hooks done for real on this machine: proven, taken back, ended at their limit, loud where they may not stop a run."""

import time
from pathlib import Path
from typing import Any

import pytest

from core.errors import SeconderError, StepFailed
from core.outcome import AMISS, Evidence, Probe
from core.plan import Kind
from fleet.hooks import carrying, planning
from fleet.hooks.hook import At, Hook
from fleet.reach import Reach
from tests.fixtures.hooked import script, seen, site_of, step_of
from tests.fixtures.pooler import made
from tests.fixtures.programs import gone
from tests.fixtures.site import until


def args_of(site: Reach, hook: Hook) -> dict[str, Any]:
    return dict(planning.steps_at([seen(site, hook)], hook.at)[0].args)


def run(site: Reach, hook: Hook, run_id: str = "run-1") -> Evidence:
    return carrying.run(site, step_of(run=run_id), **args_of(site, hook))


def undo(site: Reach, hook: Hook) -> Evidence:
    back = planning.steps_at([seen(site, hook)], hook.at)[0].undo
    assert back is not None
    args: dict[str, Any] = dict(back.args)
    return carrying.take_back(site, step_of(), **args)


def pause(tmp_path: Path, **more: Any) -> Hook:  # noqa: ANN401  # any key of a hook's table
    flag = tmp_path / "flag"
    given = {
        "command": [script(tmp_path, "on", f"touch {flag}")],
        "proof": {"command": ["/usr/bin/test", "-e", str(flag)], "time_limit": 1},
        "undo": {"command": [script(tmp_path, "off", f"rm {flag}")]},
    }
    return made("pause", "pre_promote", **{**given, **more})


@pytest.mark.parametrize("on", ["bot", "pool1", "{new}"])
def test_a_program_runs_where_it_is_to_and_gets_its_words(tmp_path: Path, on: str) -> None:
    write = script(tmp_path, "write", f'printf "%s|" "$@" > {tmp_path}/said; id -un >> {tmp_path}/said')
    hook = made("tell", "post_promote", command=[write, "{new}", "a  b; $(x)"], on=on)
    assert run(site_of(tmp_path, hook), hook).text.startswith("took 0.")
    assert (tmp_path / "said").read_text().startswith("db2|a  b; $(x)|")


def test_it_is_proven_and_taken_back(tmp_path: Path) -> None:
    hook = pause(tmp_path)
    site = site_of(tmp_path, hook)
    args = args_of(site, hook)
    assert carrying.proven(site, step_of(), **args) is Probe.NOT_DONE
    run(site, hook)
    assert carrying.proven(site, step_of(), **args) is Probe.DONE
    assert undo(site, hook).text == "taken back"
    assert carrying.proven(site, step_of(), **args) is Probe.NOT_DONE


def test_taking_back_what_is_not_there_is_no_fault(tmp_path: Path) -> None:
    hook = pause(tmp_path)
    shown = undo(site_of(tmp_path, hook), hook)
    assert shown.text.startswith("nothing to take back")
    assert AMISS not in shown.data


def test_an_undo_that_fails_keeps_nothing_from_being_taken_back_but_is_told(tmp_path: Path) -> None:
    hook = pause(tmp_path, undo={"command": [script(tmp_path, "broken", "echo no route >&2; exit 3")]})
    site = site_of(tmp_path, hook)
    run(site, hook)
    shown = undo(site, hook)
    assert shown.text == f"FAILED: {tmp_path}/broken ended with code 3: no route."
    assert shown.data[AMISS] == "stop"


def test_before_the_point_of_no_return_a_failure_raises_and_a_warning_does_not(tmp_path: Path) -> None:
    broken = [script(tmp_path, "broken", "exit 3")]
    with pytest.raises(StepFailed, match="code 3"):
        run(site_of(tmp_path, hook := pause(tmp_path, command=broken)), hook)
    shown = run(site_of(tmp_path, hook := pause(tmp_path, command=broken, failure="warn")), hook)
    assert shown.text.startswith("WARNING: ")
    assert shown.data[AMISS] == "warn"


def test_behind_it_a_failure_is_kept_for_the_end_and_ends_the_run_there(tmp_path: Path) -> None:
    hook = made("point", "post_promote", command=["/bin/false"])
    shown = run(site_of(tmp_path, hook), hook)
    assert shown.data[AMISS] == "stop"
    evidence = {"hook": {}, "hook.4": shown.data, "hook.5": {"hook": "other"}}
    with pytest.raises(StepFailed, match="point failed: /bin/false ended with code 1") as failed:
        carrying.held(site_of(tmp_path), step_of(9, evidence), hooks=["point", "other"])
    assert "All other steps are done" in failed.value.hint


def test_what_a_program_prints_is_shown_nowhere(tmp_path: Path) -> None:
    leak = script(tmp_path, "leak", "echo password=hunter2; exit 1")
    shown = run(site_of(tmp_path, hook := made("leak", "post_promote", command=[leak])), hook)
    assert "hunter2" not in f"{shown}"


def test_a_proof_is_looked_at_again_until_its_limit(tmp_path: Path) -> None:
    later = script(tmp_path, "later", f"(sleep 0.5; touch {tmp_path}/flag) > /dev/null 2>&1 &")
    hook = pause(tmp_path, command=[later], proof={"command": ["/usr/bin/test", "-e", f"{tmp_path}/flag"]})
    assert run(site_of(tmp_path, hook), hook).text.startswith("took 0.")
    never = pause(tmp_path, proof={"command": ["/bin/false"], "time_limit": 1})
    with pytest.raises(StepFailed, match="It was done, but its proof fails") as failed:
        run(site_of(tmp_path, never), never, "run-2")
    assert failed.value.code == "HOOK-UNPROVEN"


@pytest.mark.parametrize("on", ["bot", "pool1"])
def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path, on: str) -> None:
    slow = script(tmp_path, "slow", f"sleep 321 & echo $! > {tmp_path}/child; wait")
    hook = pause(tmp_path, command=[slow], on=on, time_limit=1)
    began = time.monotonic()
    with pytest.raises(SeconderError) as failed:
        run(site_of(tmp_path, hook), hook)
    assert failed.value.code == "TIMED-OUT"
    assert time.monotonic() - began < 10
    child = int((tmp_path / "child").read_text())
    until(lambda: gone(child), 10)


def test_a_program_that_was_changed_after_people_agreed_does_not_run(tmp_path: Path) -> None:
    hook = pause(tmp_path)
    site = site_of(tmp_path, hook)
    args = args_of(site, hook)
    script(tmp_path, "on", "touch /nonexistent")
    with pytest.raises(StepFailed) as failed:
        carrying.run(site, step_of(), **args)
    assert failed.value.code == "HOOK-CHANGED"


def test_a_secret_comes_from_a_file_and_stands_in_no_argument(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("# a comment\nTOKEN=s3 cret\n")
    show = script(tmp_path, "show", f'echo "$TOKEN" > {tmp_path}/said')
    hook = made("tell", "post_promote", command=[show], environment=f"{tmp_path}/env")
    run(site_of(tmp_path, hook), hook)
    assert (tmp_path / "said").read_text() == "s3 cret\n"
    assert "s3 cret" not in str(planning.steps_at([hook], At.POST_PROMOTE)[0].args)


def test_a_job_that_ran_is_not_run_again_when_a_new_bot_takes_the_step_up(tmp_path: Path) -> None:
    count = script(tmp_path, "count", f"echo once >> {tmp_path}/said")
    hook = made("count", "post_promote", command=[count], on="pool1", repeatable=True)
    site = site_of(tmp_path, hook)
    run(site, hook)
    run(site, hook)
    assert (tmp_path / "said").read_text() == "once\n"


def test_what_a_hook_may_be_told_decides_what_is_done_about_a_lost_end(tmp_path: Path) -> None:
    bare = made("a", "post_promote", command=["/bin/true"])
    again = made("b", "post_promote", command=["/bin/true"], repeatable=True)
    steps = planning.steps_at([bare, again, pause(tmp_path)], At.POST_PROMOTE)
    assert [step.kind for step in steps] == [Kind.OPAQUE, Kind.IDEMPOTENT]
    assert planning.steps_at([pause(tmp_path)], At.PRE_PROMOTE)[0].kind is Kind.PROBE


def test_a_place_that_is_not_there_is_noted_and_nothing_of_it_is_run(tmp_path: Path) -> None:
    hook = pause(tmp_path, command=["/nonexistent/program"])
    found = seen(site_of(tmp_path, hook), hook)
    assert found.wrong == "/nonexistent/program on bot can't be read: /nonexistent/program: No such file or directory."
