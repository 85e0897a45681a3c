"""What an action wants to know, as pick-lists: nodes of the cluster, its choices, switches to tick."""

from collections.abc import Mapping
from dataclasses import replace

from bot.blocks import Block
from bot.inert import inert
from bot.menus import Option, Question, line, menu, switch
from bot.texts import sentence
from core.canonical import sha256
from core.spec import Argument, Spec, Takes
from fleet.inventory import Cluster

PREFIX = "argument/"
ACTION = "propose.argument"
LONGEST_WORD = 100  # characters
OPEN, TICKED = "-", "yes"  # no word of a command is a dash alone


def block_of(argument: Argument, action: str, cluster: str) -> str:
    """Give the block of an argument. It differs by action and cluster: what was chosen for another one is gone."""
    return f"{PREFIX}{argument.name}/{_mark(action, cluster)}"


def questions(spec: Spec, cluster: Cluster, answers: Mapping[str, str], words: Mapping[str, str]) -> list[Block]:
    """Ask for each argument of an action, with what was answered so far; ``words`` has ``place`` and ``open``."""
    return [_question(argument, spec, cluster, answers.get(argument.name, ""), words) for argument in spec.arguments]


def answers(said: Mapping[str, str], action: str, cluster: str) -> dict[str, str]:
    """Read the answers to an action's questions out of what stands in the window, by argument."""
    mark = _mark(action, cluster)
    ours = {block: value for block, value in said.items() if block.startswith(PREFIX) and block.endswith(f"/{mark}")}
    return {
        block.removeprefix(PREFIX).removesuffix(f"/{mark}"): value
        for block, value in ours.items()
        if value not in {"", OPEN}
    }


def value_of(action: Mapping[str, object]) -> str:
    """Read one element's value: text, the chosen option, or whether a box is ticked."""
    option, ticked = action.get("selected_option"), action.get("selected_options")
    if isinstance(option, Mapping):
        return str(option.get("value", ""))
    if ticked:
        return TICKED
    return str(action.get("value") or "").strip()


def _question(argument: Argument, spec: Spec, cluster: Cluster, answer: str, words: Mapping[str, str]) -> Block:
    block = block_of(argument, spec.name, cluster.name)
    label, hint = sentence(inert(argument.name)), sentence(inert(argument.help))
    ask = Question(block, ACTION, label, hint, optional=not argument.required)
    if argument.takes is Takes.SWITCH:
        return switch(replace(ask, hint=""), Option(TICKED, argument.help or argument.name), on=bool(answer))
    allowed = list(cluster.nodes) if argument.takes is Takes.NODE else list(argument.choices)
    if not allowed:
        return line(ask, answer, LONGEST_WORD)
    options = [Option(each, each) for each in allowed]
    if not argument.required:
        options.insert(0, Option(OPEN, words["open"]))  # a menu of Slack's can't be emptied again
    return menu(ask, options, answer or ("" if argument.required else OPEN), words["place"])


def _mark(action: str, cluster: str) -> str:
    return sha256(f"{action}/{cluster}".encode())[:8]
