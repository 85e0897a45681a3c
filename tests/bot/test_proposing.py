"""Asking with pick-lists: what is chosen becomes the words that somebody could have typed."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import modals, proposing
from bot.blocks import Block
from bot.choices import OPEN
from bot.proposing import Chosen
from bot.texts import Texts
from bot.words import split, understand, written
from core.plan import Lock, Risk
from core.spec import Argument, Spec, Takes
from fleet.inventory import Cluster
from sandbox.slack.blocks import check_view
from sandbox.slack.ids import Mint
from sandbox.slack.pressing import find, pressed
from sandbox.slack.views import Stacks, View
from tests.bot.test_words import CLUSTERS, RESYNC, STATUS, node

TEXTS = Texts()
PROMOTE = Spec(
    "promote",
    "postgres",
    "Make a standby the primary",
    Risk.DESTRUCTIVE,
    Lock.CLUSTER,
    60,
    1,
    (Argument("node", Takes.NODE, "the standby; without it the best one is chosen"),),
)
KEEP = Spec(
    "keep",
    "postgres",
    "Keep some",
    Risk.CHANGE,
    Lock.NODE,
    60,
    1,
    (
        Argument("kind", Takes.WORD, "which kind", choices=("full", "partial")),
        Argument("label", Takes.WORD, "what to call it"),
    ),
)
BDB = Spec("bdb_backup", "berkeleydb", "Copy a store", Risk.CHANGE, Lock.NODE, 60, 1)
SPECS = (STATUS, RESYNC, PROMOTE, KEEP, BDB)
NOTHING = Chosen()


@dataclass
class Window:
    """The window as it stands open in the stand-in, with the bot's answers to choices."""

    seen: View
    clusters: dict[str, Cluster]
    specs: Sequence[Spec] = SPECS

    @property
    def blocks(self) -> list[str]:
        return [block["block_id"] for block in self.seen.body["blocks"] if block["type"] == "input"]

    def choose(self, name: str, value: str) -> None:
        """Choose an action or a cluster: the bot hears of it, and redraws the window."""
        block, element = find(self.seen.body["blocks"], f"propose.{name}")
        action = pressed(block, element, "1.2", value, "")
        self.seen.fill({name: {f"propose.{name}": value}})
        chosen = proposing.changed(self.seen.as_slack(), action)
        self.seen.show(checked(proposing.view(TEXTS, self.specs, self.clusters, chosen, "C1")), "h")

    def answer(self, argument: str, value: object) -> None:
        block = next(each for each in self.blocks if each.startswith(f"argument/{argument}/"))
        self.seen.fill({block: {"propose.argument": value}})

    def chosen(self) -> Chosen:
        return proposing.chosen(self.seen.as_slack())

    def missing(self) -> dict[str, str]:
        wrong = proposing.missing(self.chosen(), self.specs)
        assert set(wrong) <= set(self.blocks)  # Slack shows an error only under an input of the window
        return wrong

    def words(self) -> str:
        assert self.seen.complaints() == {}
        assert self.missing() == {}
        return proposing.words(self.chosen(), self.specs)


def checked(view: Block) -> dict[str, Any]:
    return check_view(copy.deepcopy(view))


def window(start: Chosen = NOTHING, clusters: dict[str, Cluster] = CLUSTERS) -> Window:
    view = checked(proposing.view(TEXTS, SPECS, clusters, start, "C1"))
    return Window(Stacks(Mint()).open("U0ANA", view), clusters)


def test_the_first_window_asks_for_an_action_and_a_cluster_and_hears_of_both() -> None:
    open_window = window()
    assert open_window.blocks == ["action", "cluster"]
    tells = [block.get("dispatch_action") for block in open_window.seen.body["blocks"] if block["type"] == "input"]
    assert tells == [True, True]
    assert open_window.seen.body["callback_id"] == "propose"
    assert modals.read(open_window.seen.as_slack()).channel == "C1"


def test_what_is_chosen_becomes_words_that_are_understood() -> None:
    asking = window()
    asking.choose("action", "resync")
    asking.choose("cluster", "main")
    asking.answer("node", "db2")
    asking.answer("rebuild", ["yes"])
    asking.answer("from", "db1")
    asking.seen.fill({"reason": {"text": "it's behind; don\u2019t wait"}})
    text = asking.words()
    assert text == """resync main db2 --rebuild --from db1 --reason 'it'"'"'s behind; don'"'"'t wait'"""
    *words, why = split(text)
    assert why == "it's behind; don't wait"
    read = understand(words[:-1], SPECS, CLUSTERS)
    assert (read.spec, read.cluster.name) == (RESYNC, "main")
    assert read.arguments == {"node": "db2", "rebuild": True, "from": "db1"}


def test_an_action_that_came_with_the_command_is_not_asked_again() -> None:
    asking = window(Chosen(action="promote", fixed=True))
    assert asking.blocks == ["cluster", "reason"]
    assert asking.seen.body["title"]["text"] == "Ask: promote"
    asking.choose("cluster", "main")
    assert asking.words() == "promote main"
    asking.answer("node", "db2")
    assert asking.words() == "promote main db2"


def test_what_may_be_left_open_can_be_left_open_again() -> None:
    asking = window(Chosen(action="promote", cluster="main", fixed=True))
    asking.answer("node", "db2")
    asking.answer("node", OPEN)
    assert asking.words() == "promote main"


def test_a_lone_cluster_is_chosen_already() -> None:
    asking = window(Chosen(action="promote", fixed=True), {"main": CLUSTERS["main"]})
    assert asking.words() == "promote main"


def test_another_cluster_has_other_nodes_and_forgets_the_node() -> None:
    asking = window(Chosen(action="promote", fixed=True))
    asking.choose("cluster", "main")
    asking.answer("node", "db2")
    asking.choose("cluster", "mail")
    assert "mx1" in str(asking.seen.body)
    assert "db2" not in str(asking.seen.body)
    assert asking.words() == "promote mail"


def test_a_reason_stays_while_other_things_are_chosen() -> None:
    asking = window()
    asking.choose("action", "resync")
    asking.seen.fill({"reason": {"text": "behind"}})
    asking.choose("cluster", "main")
    assert asking.chosen().reason == "behind"
    assert "behind" in str(asking.seen.body)


def test_a_window_that_was_not_redrawn_yet_can_not_be_sent() -> None:
    asking = window(Chosen(action="promote", fixed=True))
    asking.choose("cluster", "main")
    asking.answer("node", "db2")
    asking.seen.fill({"cluster": {"propose.cluster": "mail"}})  # the bot has not answered to this
    assert set(asking.missing()) == {"cluster"}


def test_looking_needs_no_reason() -> None:
    asking = window()
    asking.choose("action", "resync")
    asking.seen.fill({"reason": {"text": "because"}})
    asking.choose("action", "status")
    assert "reason" not in asking.blocks
    asking.choose("cluster", "main")
    assert asking.words() == "status main"


def test_only_clusters_of_the_action_s_engine_are_offered() -> None:
    clusters = {**CLUSTERS, "tickets": Cluster("tickets", "berkeleydb", "ops", {"b1": node("b1")})}
    asking = window(Chosen(action="bdb_backup", fixed=True), clusters)
    assert asking.words() == "bdb_backup tickets"
    nothing = checked(proposing.view(TEXTS, SPECS, CLUSTERS, Chosen(action="bdb_backup", fixed=True), "C1"))
    assert "submit" not in nothing
    assert "no cluster that bdb_backup works on" in str(nothing)


def test_what_an_action_needs_must_be_there() -> None:
    chosen = Chosen(action="resync", cluster="main", asked=window_of("resync", "main"))
    wrong = proposing.missing(chosen, SPECS)
    assert len(wrong) == 1
    assert next(iter(wrong)).startswith("argument/node/")
    assert proposing.missing(Chosen(), SPECS).keys() == {"action"}
    assert proposing.missing(Chosen(action="gone", fixed=True), SPECS).keys() == {"cluster"}
    assert proposing.missing(Chosen(action="resync"), SPECS).keys() == {"cluster"}


def window_of(action: str, cluster: str) -> frozenset[str]:
    return window(Chosen(action=action, cluster=cluster, fixed=True)).chosen().asked


@pytest.mark.parametrize("text", ["--rebuild", "-x", "\u2014rebuild"])
def test_no_text_can_become_an_option(text: str) -> None:
    asking = window(Chosen(action="keep", cluster="main", fixed=True))
    asking.answer("kind", "full")
    asking.answer("label", text)
    asking.seen.fill({"reason": {"text": text}})
    assert {block.split("/")[0] for block in asking.missing()} == {"argument", "reason"}


def test_a_word_by_position_can_not_stand_without_the_one_before_it() -> None:
    asking = window(Chosen(action="keep", cluster="main", fixed=True))
    asking.answer("label", "monday night")
    assert "Without kind" in next(iter(asking.missing().values()))
    asking.answer("kind", "full")
    assert asking.words() == "keep main full 'monday night'"


def test_what_is_too_long_for_a_command_is_said_before_it_is_sent() -> None:
    asking = window(Chosen(action="promote", cluster="main", fixed=True))
    asking.seen.fill({"reason": {"text": "'" * 150}})
    assert asking.missing().keys() == {"reason"}


def test_hostile_names_and_many_of_them_make_no_window_that_slack_refuses() -> None:
    names = [f"n{n}\u202e*:skull:<!here>" for n in range(250)]
    clusters = {name: Cluster(name, "postgres", "ops", {each: node(each) for each in names}) for name in names}
    hostile = replace(RESYNC, name="r\u202e<!here>", summary="x" * 400)
    chosen = Chosen(action=hostile.name, cluster=names[7])
    view = checked(proposing.view(TEXTS, [hostile], clusters, chosen, "C1"))
    assert "151 more do not fit" in str(view)
    shown = [
        option["text"]["text"] for block in view["blocks"] for option in block.get("element", {}).get("options", [])
    ]
    assert not any("<" in text or "\u202e" in text for text in shown)


@given(st.lists(st.text(min_size=1), min_size=1))
def test_words_written_are_the_words_read(words: list[str]) -> None:
    text = written(words)
    if len(text) <= 300:
        assert split(text) == split(written(split(text)))
        plain = [word for word in words if not set(word) & set("\u201c\u201d\u201e\u2018\u2019\u2014\u2013\xa0")]
        assert plain != words or split(text) == words
