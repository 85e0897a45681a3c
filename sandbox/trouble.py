"""The panel of trouble: what the page shows of the world, and what it can break."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from sandbox.by_hand import switch
from sandbox.child import Child
from sandbox.configuration import CLUSTER, COMMAND
from sandbox.errors import SandboxError
from sandbox.running import DemoCluster

_FRESH_S = 0.4  # the page asks often, three windows may be open


@dataclass
class Trouble:
    """What the page's buttons do. Each call may come from any thread; one trouble at a time."""

    cluster: DemoCluster
    writer_status: Path
    bot: Child | None = None  # it comes last: it needs to know where the page is served
    _doing: threading.Lock = field(default_factory=threading.Lock)
    _looking: threading.Lock = field(default_factory=threading.Lock)
    _seen: tuple[float, list[dict[str, object]]] = (0.0, [])

    def state(self) -> dict[str, object]:
        """Give what the page shows: the writer's figures, the nodes, the bot, commands to try."""
        nodes = self._nodes()
        pid = self.bot.pid if self.bot else None
        return {
            "writer": self._writer(),
            "nodes": nodes,
            "bot": {"alive": pid is not None, "pid": pid},
            "try": to_try(nodes),
        }

    def trouble(self, kind: str) -> dict[str, object]:
        """Make trouble of a kind and say what was done, or why not."""
        makers: Mapping[str, Callable[[], str]] = {
            "kill-primary": self._kill_primary,
            "freeze-standby": self._freeze_standby,
            "thaw-standby": self._thaw,
            "restart-bot": self._restart_bot,
            "change-cluster": self._change_cluster,
            "start-node": self._start_node,
        }
        if kind not in makers:
            return {"ok": False, "said": f"There is no trouble called {kind}. Known: {', '.join(makers)}."}
        with self._doing:
            try:
                return {"ok": True, "said": makers[kind]()}
            except (SandboxError, psycopg.Error) as no:
                return {"ok": False, "said": str(no)}

    def _writer(self) -> dict[str, object]:
        try:
            figures = json.loads(self.writer_status.read_text())
        except (OSError, ValueError):
            figures = {}
        nothing = {"rows": 0, "longest_gap_s": 0.0, "gap_now_s": 0.0, "writing_to": None, "last_error": None}
        return {**nothing, **figures}

    def _nodes(self) -> list[dict[str, object]]:
        with self._looking:
            at, nodes = self._seen
            if time.monotonic() - at > _FRESH_S:
                nodes = [self._node(name) for name in self.cluster.nodes]
                self._seen = (time.monotonic(), nodes)
            return nodes

    def _node(self, name: str) -> dict[str, object]:
        return {
            "name": name,
            "port": self.cluster.nodes[name].port,
            "alive": self.cluster.alive(name),
            "frozen": self.cluster.frozen(name),
            "role": self.cluster.role(name),
        }

    def _primary(self) -> str:
        primary = self.cluster.primary()
        if primary is None:
            raise SandboxError("There is not exactly one primary right now.")
        return primary

    def _standbys(self) -> list[str]:
        return [name for name in self.cluster.nodes if self.cluster.role(name) == "standby"]

    def _kill_primary(self) -> str:
        primary = self._primary()
        self.cluster.kill(primary)
        return f"{primary} is dead (SIGKILL). Nobody takes writes now."

    def _freeze_standby(self) -> str:
        standbys = self._standbys()
        if not standbys:
            raise SandboxError("No standby answers, so there is none to freeze.")
        self.cluster.freeze(standbys[0])
        return f"{standbys[0]} is frozen (SIGSTOP): it keeps its connections and answers nothing."

    def _thaw(self) -> str:
        frozen = [name for name in self.cluster.nodes if self.cluster.frozen(name)]
        if not frozen:
            raise SandboxError("No node is frozen.")
        for name in frozen:
            self.cluster.thaw(name)
        return f"{', '.join(frozen)} goes on."

    def _restart_bot(self) -> str:
        if self.bot is None or not self.bot.crash():
            raise SandboxError("The bot does not run right now.")
        return "The bot was killed (SIGKILL). It starts again and looks what happened meanwhile."

    def _change_cluster(self) -> str:
        primary, standbys = self._primary(), self._standbys()
        if len(standbys) + 1 < len(self.cluster.nodes):
            raise SandboxError("All nodes have to run for this: thaw or resync the others first.")
        switch(self.cluster, primary, standbys[-1])
        return f"Somebody switched from {primary} to {standbys[-1]} by hand. A plan approved before no longer holds."

    def _start_node(self) -> str:
        dead = [name for name in self.cluster.nodes if not self.cluster.alive(name)]
        if not dead:
            raise SandboxError("No node is down.")
        name = next((each for each in dead if not self._rival(each)), dead[0])
        rival = self._rival(name)
        if rival:
            raise SandboxError(
                f"{name} was a primary and {rival} is one now: started as it is, both would take writes. "
                f"Use {COMMAND} resync {CLUSTER} {name}.",
            )
        self.cluster.start(name)
        return f"{name} was started as it was."

    def _rival(self, name: str) -> str | None:
        """Give the node that would be a second primary if this one were started as it is; it may be frozen, or down."""
        primaries = [each for each, node in self.cluster.nodes.items() if not (node.data / "standby.signal").exists()]
        return next((each for each in primaries if each != name), None) if name in primaries else None


def to_try(nodes: list[dict[str, object]]) -> list[str]:
    """Give three commands that make sense right now."""
    standby = next((node["name"] for node in nodes if node["role"] == "standby"), "db2")
    dead = next((node["name"] for node in nodes if not node["alive"]), None)
    last = f"resync {CLUSTER} {dead}" if dead else f"backup {CLUSTER}"
    return [f"{COMMAND} {words}" for words in (f"status {CLUSTER}", last, f"promote {CLUSTER} {standby}")]
