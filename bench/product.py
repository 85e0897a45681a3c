"""Our whole road from the last vote on, over a cluster: gate, run, journal, steps; on a local shell or over SSH."""

import getpass
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from actions.catalogue import actions
from approvals.ending import Ending
from approvals.gate import Gate
from approvals.lease import Book
from approvals.model import Typed, Verdict
from audit.store import open_store
from bot.carrier import ActionCarrier, made_plan
from bot.serve import SWITCH_SECONDS
from bot.sites import Sites
from bot.texts import Texts
from bot.watching.lookout import Lookout
from core.clock import SystemClock
from core.outcome import Refusal
from core.plan import Plan
from fleet.inventory import Cluster
from fleet.reach import Reach
from runs.journal import Journal
from runs.model import Run
from runs.runner import Runner
from sandbox.cluster import DemoCluster
from tests.fixtures.house import IN_FORCE, actor
from tests.fixtures.postgres import as_inventory
from tests.fixtures.sshd import serving


@dataclass(frozen=True)
class Ended:
    """A run that succeeded, when the last vote was handed in, and when it had been counted."""

    handed: datetime
    voted: datetime
    run: Run


class Bot:
    """What a bot keeps for as long as it lives, whatever becomes of the clusters: its record, its rooms, its words."""

    def __init__(self, home: Path) -> None:
        """Begin with an empty store in a folder. Threads take turns as they do in a bot that serves."""
        sys.setswitchinterval(SWITCH_SECONDS)
        self.store = open_store(f"sqlite:///{home / 'bench.db'}")
        self.store.prepare()
        self.clock = SystemClock()
        self.catalogue = {action.spec.name: action for action in actions()}
        self.ending = Ending(self.store, IN_FORCE, self.clock)
        self.gate = Gate(self.store, IN_FORCE, self.clock)
        self.journal = Journal(self.store, Book(IN_FORCE, self.clock), self.clock, "bench")
        self.texts = Texts()


class Product:
    """Asks, votes and carries out, in this process; everything but Slack."""

    def __init__(self, bot: Bot, inventory: Cluster, known_hosts: Path) -> None:
        """Give a bot its cluster."""
        self._bot = bot
        self._sites = Sites({inventory.name: inventory}, known_hosts)
        carrier = ActionCarrier(bot.catalogue, self._sites, bot.texts)
        self._lookout = Lookout(bot.store, bot.gate, bot.clock, carrier)
        self._runner = Runner(bot.journal, replace(carrier, seen=self._lookout.seen))

    @property
    def site(self) -> Reach:
        """Give the cluster as the bot has it within reach."""
        return self._sites.of("main")

    def ask(self, name: str, **asked: object) -> Plan:
        """Look and plan."""
        action = self._bot.catalogue[name]
        plan = made_plan(action, action.asked(cluster="main", **asked), self._sites, "main")
        if not isinstance(plan, Plan):
            raise TypeError(f"{name} was refused: {plan.message}")
        return plan

    def carry_out(self, plan: Plan) -> Ended:
        """Ask two people and carry the plan out to its end."""
        request = self._bot.gate.open(actor("ana"), plan, origin="bench", channel="ops")
        if isinstance(request, Refusal):
            raise TypeError(request.message)
        self._lookout.look()  # as the bot does each second
        handed = datetime.now(UTC)
        self._lookout.deciding(request.id)
        self._bot.gate.vote(actor("ben"), request.id, Verdict.APPROVE, typed=Typed(plan.target))
        voted = datetime.now(UTC)
        (grant,) = self._bot.ending.claimable()
        run = self._runner.start(grant)
        if isinstance(run, Refusal) or run.outcome != "succeeded":
            raise TypeError(run.message if isinstance(run, Refusal) else run.error)
        return Ended(handed, voted, run)

    def close(self) -> None:
        """Let go of the cluster."""
        self._sites.close()


@contextmanager
def product(cluster: DemoCluster, home: Path, *, ssh: bool = False, bot: Bot | None = None) -> Iterator[Product]:
    """Give the product for a cluster; ``ssh``: through a real sshd on the loopback. Without a ``bot`` it makes one."""
    with ExitStack() as undo:
        if bot is None:
            bot = Bot(home)
            undo.callback(bot.store.close)
        inventory, known_hosts = as_inventory(cluster), home / "known_hosts"
        if ssh:
            server = undo.enter_context(serving())
            known_hosts, key = server.known_hosts, str(server.folder / "client")
            way = {"host": "127.0.0.1", "user": getpass.getuser(), "ssh_port": server.port, "ssh_key": key}
            nodes = {name: replace(node, **way) for name, node in inventory.nodes.items()}  # type: ignore[arg-type]
            inventory = replace(inventory, nodes=nodes)
        made = Product(bot, inventory, known_hosts)
        undo.callback(made.close)
        yield made


def has_sshd() -> bool:
    """Say whether there is an sshd; says so loudly when there is none."""
    there = all(shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") for name in ("sshd", "ssh-keygen"))
    if not there:
        sys.stderr.write("SKIPPED: everything over SSH, for there is no sshd here (Debian: openssh-server)\n")
    return there
