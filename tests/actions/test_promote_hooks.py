"""Hooks in the plan of a promotion and of a resync: where they stand, what binds them, what people type themselves."""

from dataclasses import replace

from actions import promote, resync
from core.plan import Kind, Plan, Step, plan_from_json
from fleet.hooks import planning, trying
from fleet.hooks.filling import filled, promotion
from fleet.hooks.hook import At, Hook, with_digest
from fleet.postgres.candidate import choose
from fleet.postgres.ladder import Rung
from fleet.postgres.loss import Loss
from tests.actions import test_resync
from tests.fixtures.pooler import made
from tests.fixtures.views import HERE, cluster_view, dead, inventory, standby

WORDS = promotion(inventory(), "db1", "db2")
OFF = {"undo": {"command": ["/bin/on", "{old}"]}, "repeatable": True}
HOOKS = tuple(
    filled(hook, WORDS)
    for hook in (
        made("late", "post_promote", command=["/bin/late", "{new}"], on="{new}"),
        made("pause", "pre_promote", command=["/bin/pause"], **OFF),
        made("announce", "pre_promote", command=["/bin/announce"], **OFF),
        made("vip", "post_demote", command=["/bin/vip", "drop"], on="{old}", **OFF),
        made("power", "fence", command=["/bin/power", "off", "{old}"], **OFF),
        made("call", "post_promote", http={"url": "http://lb/{new}", "method": "PUT", "body": "x"}, failure="warn"),
    )
)


AFTER = (filled(made("viewer", "post_resync", command=["/bin/viewer", "{new}"], on="{new}"), WORDS),)


def planned(*hooks: Hook, failover: bool = False) -> Plan:
    view = cluster_view(dead("db1"), standby("db2"), standby("db3")) if failover else cluster_view()
    loss = Loss(4096, 1, 1, HERE, HERE - 4096) if failover else None
    found = promote.Found(view, inventory(), choose(view, inventory(), None), None, loss, hooks)
    return promote.plan(promote.Asked("main"), found)


def short(step: Step) -> str:
    return str(step.args["name"]) if step.name == "hook" else step.name


def test_in_a_switchover_each_hook_stands_in_its_place_and_in_its_order() -> None:
    assert [short(step) for step in planned(*HOOKS).steps] == [
        "prepare", "pause", "announce", "stop", "gate", "vip", "promote", "late", "call",
        "prove", "follow", "rejoin", "tidy", "archive", "held",
    ]  # fmt: skip


def test_in_a_failover_there_are_those_that_fence_and_those_that_point_to_the_new_one() -> None:
    assert [short(step) for step in planned(*HOOKS, failover=True).steps] == [
        "fence", "power", "weigh", "promote", "late", "call", "prove", "follow", "held",
    ]  # fmt: skip


def test_all_before_the_point_of_no_return_can_be_taken_back_and_nothing_behind_it() -> None:
    for plan in (planned(*HOOKS), planned(*HOOKS, failover=True)):
        n = next(n for n, step in enumerate(plan.steps) if step.ponr)
        assert all(step.undo is not None or step.kind is Kind.LOOK for step in plan.steps[:n])
        assert all(step.undo is None for step in plan.steps[n:])
        assert {step.undo.name for step in plan.steps if step.undo} <= promote.STEPS.keys()


def test_without_hooks_the_plan_is_what_it_was() -> None:
    assert [step.name for step in planned().steps][-2:] == ["tidy", "archive"]
    assert not {"hook", "held"} & {step.name for step in planned().steps}


def test_what_a_hook_does_its_file_and_its_undo_are_part_of_what_people_agree_to() -> None:
    pause = next(hook for hook in HOOKS if hook.name == "pause")
    assert pause.undo is not None
    changed = [
        replace(pause, effect=with_digest(pause.effect, "e" * 64)),
        replace(pause, undo=with_digest(pause.undo, "e" * 64)),
        replace(pause, proof=pause.effect),
    ]
    hashes = {planned(hook).plan_hash for hook in (pause, *changed)}
    assert len(hashes) == 4
    assert plan_from_json(planned(*HOOKS).to_json()).plan_hash == planned(*HOOKS).plan_hash


def test_the_card_says_of_a_hook_what_the_site_wrote_of_it() -> None:
    titles = [step.title for step in planned(*HOOKS).steps]
    assert titles[1] == "pause at main"
    assert titles[-1] == "see that every hook held"
    undo = planned(*HOOKS).steps[1].undo
    assert undo is not None
    assert undo.title == "take back: pause at main"


def test_a_hook_that_would_fail_ends_a_switchover_and_is_told_of_a_failover() -> None:
    broken = replace(HOOKS[0], wrong="db2 does not answer.")
    refused = trying.in_the_way([broken])
    assert refused is not None
    assert refused.code == "HOOK-NOT-READY"
    view = cluster_view()
    found = promote.Found(view, inventory(), choose(view, inventory(), None), hooks=(broken,))
    assert promote.refuse(promote.Asked("main"), found) == refused
    assert planned(broken, failover=True).notes[0] == "hook late WOULD FAIL: db2 does not answer."
    assert trying.in_the_way([replace(HOOKS[-1], wrong="no")]) is None


def test_who_goes_on_by_hand_finds_each_hook_in_its_place() -> None:
    lines = planned(*HOOKS).onward
    order = ["/bin/pause", "/bin/announce", "pg_ctl", "/bin/vip drop", "promote", "/bin/late db2", "curl -X PUT -d x"]
    places = [next(n for n, line in enumerate(lines) if word in line) for word in order]
    assert places == sorted(places)
    assert "sudo -u postgres /bin/late db2   # on db2" in lines
    assert "/bin/pause   # on the bot's machine" in lines
    back = planned(*(hook for hook in HOOKS if hook.at is not At.FENCE)).back
    assert [line for line in back if "/bin/on" in line] == [
        "sudo -u postgres /bin/on db1   # on db1",
        "/bin/on db1   # on the bot's machine",
        "/bin/on db1   # on the bot's machine",
    ]
    assert any("/bin/power off db1" in line for line in planned(*HOOKS, failover=True).onward)


def test_a_hook_after_a_resync_comes_last_and_its_failure_takes_nothing_back() -> None:
    words = resync.Asked("main", "db3")
    hook = made("web", "post_resync", command=["/bin/web"], repeatable=True)
    for rung, standing in test_resync.CHEAP.items():
        seen = replace(test_resync.found(replace(test_resync.HEALTHY, standing=standing), words), hooks=(hook,))
        plan = resync.plan(words, seen)
        assert [step.name for step in plan.steps[-2:]] == ["hook", "held"]
        assert plan.steps[-2].ponr, rung
        assert "/bin/web   # on the bot's machine" in plan.onward
        assert {step.name for step in plan.steps} <= (resync.ACTION.steps or {}).keys()
    assert planning.after([Step("rewind", {}, "", Kind.LOOK, 1, ponr=True)], [hook], At.POST_RESYNC)[1].ponr is False
    assert Rung.REWIND not in test_resync.CHEAP
