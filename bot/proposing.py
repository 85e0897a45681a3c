"""Asking with pick-lists instead of words: what is chosen becomes the very words that somebody could have typed.

The window: callback_id ``propose``; blocks ``action`` (action_id ``propose.action``) and ``cluster``
(``propose.cluster``), which tell the bot of every choice; one block per argument of the action
(``argument/NAME/…``, ``propose.argument``); ``reason`` (``text``), unless the action only looks. The metadata holds the
channel, and the action when it came with the command.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.blocks import Block, modal, section
from bot.choices import PREFIX, answers, block_of, questions, value_of
from bot.menus import Option, Question, line, menu
from bot.texts import Texts
from bot.words import LONGEST, written
from core.plan import Risk
from core.spec import Argument, Spec, Takes
from fleet.inventory import Cluster

CALLBACK = "propose"
TELLING = ("propose.action", "propose.cluster")  # action_ids of what changes the rest of the window
REASON = 150  # characters


@dataclass(frozen=True)
class Chosen:
    """What stands in the window. ``fixed``: the action came with the command. ``asked``: its blocks for arguments."""

    action: str = ""
    cluster: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    fixed: bool = False
    asked: frozenset[str] = frozenset()


def view(texts: Texts, specs: Sequence[Spec], clusters: Mapping[str, Cluster], chosen: Chosen, channel: str) -> Block:
    """Give the window for what is chosen so far."""
    spec = _spec(chosen, specs)
    fitting = {name: each for name, each in clusters.items() if spec is None or each.engine == spec.engine}
    cluster = chosen.cluster if chosen.cluster in fitting else next(iter(fitting)) if len(fitting) == 1 else ""
    chosen = replace(chosen, action=spec.name if spec else "", cluster=cluster)
    parts = _parts(texts, spec, specs, chosen)
    metadata = json.dumps({"channel": channel, "action": chosen.action if chosen.fixed else ""})
    if not specs or not fitting:
        return modal(CALLBACK, metadata, parts["title"], "", [section(parts["none"])])
    blocks = [section(parts["body"])]
    if not chosen.fixed:
        actions = [Option(each.name, each.name, each.summary) for each in specs]
        blocks.append(_menu("action", parts, actions, chosen.action))
    blocks.append(_menu("cluster", parts, [Option(name, name) for name in fitting], cluster))
    if spec is not None and cluster:
        blocks += questions(spec, fitting[cluster], chosen.arguments, parts)
    if spec is not None and spec.risk is not Risk.READ:
        blocks.append(_reason(parts, chosen.reason))
    return modal(CALLBACK, metadata, parts["title"], parts["submit"], blocks)


def chosen(view_payload: Mapping[str, object]) -> Chosen:
    """Read what stands in the window."""
    return _read(view_payload, {})


def changed(view_payload: Mapping[str, object], action: Mapping[str, object]) -> Chosen:
    """Read what stands in the window after one choice in it; answers that belonged to another choice are gone."""
    return _read(view_payload, {str(action.get("block_id", "")): value_of(action)})


def words(chosen: Chosen, specs: Sequence[Spec]) -> str:
    """Write what is chosen as a command, for the same road as typed words. ``missing`` comes first."""
    spec = _spec(chosen, specs)
    said = [chosen.action, chosen.cluster]
    for argument in spec.arguments if spec else ():
        value = chosen.arguments.get(argument.name)
        if not value:
            continue
        said += [f"--{argument.name}"] if argument.option else []
        said += [] if argument.takes is Takes.SWITCH else [value]
    why = chosen.reason if spec is not None and spec.risk is not Risk.READ else ""
    return written([*said, *(["--reason", why] if why else [])])


def missing(chosen: Chosen, specs: Sequence[Spec]) -> dict[str, str]:
    """Say what is wrong with what is chosen, by block; empty when nothing is."""
    spec = _spec(chosen, specs)
    if spec is None:
        return {
            "cluster" if chosen.fixed else "action": "This action is not there any more. Close this, and ask again."
        }
    if not chosen.cluster:
        return {"cluster": "Choose a cluster."}
    if chosen.asked != {block_of(argument, spec.name, chosen.cluster) for argument in spec.arguments}:
        return {"cluster": "The questions below still belong to another choice. Wait until they change, then go on."}
    wrong = _wrong(spec, chosen)
    if chosen.reason.startswith(("-", "\u2014", "\u2013")):  # a long dash becomes two short ones on the road
        wrong["reason"] = "Begin with a word: a dash begins an option."
    if not wrong and len(words(chosen, specs)) > LONGEST:
        wrong["reason" if spec.risk is not Risk.READ else "cluster"] = f"Say it shorter: {LONGEST} characters in all."
    return wrong


def _wrong(spec: Spec, chosen: Chosen) -> dict[str, str]:
    """Look at each argument: there if it must be, no option in disguise, and none left open before another one."""
    wrong = {}
    left_open: Argument | None = None
    for argument in spec.arguments:
        block, value = block_of(argument, spec.name, chosen.cluster), chosen.arguments.get(argument.name, "")
        if argument.required and not value:
            wrong[block] = f"{spec.name} needs it."
        elif value.startswith(("-", "\u2014", "\u2013")):
            wrong[block] = "It can't begin with a dash: that begins an option."
        elif value and left_open is not None and not argument.option:
            wrong[block] = f"Without {left_open.name} this can't be said: choose that too, or leave both open."
        if not argument.option and not value:
            left_open = argument
    return wrong


def _read(view_payload: Mapping[str, object], newest: Mapping[str, str]) -> Chosen:
    about = json.loads(str(view_payload.get("private_metadata") or "{}"))
    state = view_payload.get("state")
    values = state.get("values", {}) if isinstance(state, Mapping) else {}
    said = {block: value_of(next(iter(actions.values()), {})) for block, actions in values.items()} | dict(newest)
    fixed = str(about.get("action", ""))
    action, cluster = fixed or said.get("action", ""), said.get("cluster", "")
    blocks = view_payload.get("blocks")
    ids = [str(block.get("block_id", "")) for block in blocks] if isinstance(blocks, list) else []
    asked = frozenset(block for block in ids if block.startswith(PREFIX))
    return Chosen(
        action=action,
        cluster=cluster,
        arguments=answers(said, action, cluster),
        reason=said.get("reason", "").strip(),
        fixed=bool(fixed),
        asked=asked,
    )


def _spec(chosen: Chosen, specs: Sequence[Spec]) -> Spec | None:
    return next((spec for spec in specs if spec.name == chosen.action), None)


def _parts(texts: Texts, spec: Spec | None, specs: Sequence[Spec], chosen: Chosen) -> dict[str, str]:
    data = {
        "action": chosen.action if chosen.fixed else "",
        "summary": spec.summary.removesuffix(".") if spec else "",
        "risk": spec.risk.value if spec else "",
        "actions": len(specs),
    }
    return texts.parts("propose.j2", data)


def _menu(name: str, parts: Mapping[str, str], options: Sequence[Option], answer: str) -> Block:
    ask = Question(name, f"propose.{name}", parts[name], tells=True)
    return menu(ask, options, answer, parts[f"{name}_place"])


def _reason(parts: Mapping[str, str], said: str) -> Block:
    ask = Question("reason", "text", parts["reason"], parts["reason_hint"], optional=True)
    return line(ask, said, REASON)
