"""The tour: plays the main job from outside, over Slack's stand-in, and says whether all of it held."""

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg

from sandbox.configuration import CLUSTER
from sandbox.errors import SandboxError
from sandbox.layout import SUPERUSER
from sandbox.play import Play, asks_for_approval, tell
from sandbox.record import ask_cli, events, from_vote_to_end
from sandbox.robot import Robot, request_of, words_of
from sandbox.say import say
from sandbox.stop import Stop, Stopped
from sandbox.world import CLI_ARGV, World, writer_log
from sandbox.written import longest_gap, lost

OLD, NEW, OTHER = "db1", "db2", "db3"
_SOON_S = 30.0
_AFTER_S = 1.0  # the writer goes on for so long before its gap is read


def tour(world: World, stop: Stop) -> int:
    """Play the main job; a readable transcript, then one line of JSON. Gives 0 only if all of it held."""

    def pause(seconds: float) -> None:
        world.tend()
        stop.wait(seconds)
        stop.check()

    store = world.env["SECONDER_STORE"]
    return _Tour(world, Play(Robot(world.url, pause), store), store).play()


def failed(why: str) -> str:
    """Give the last line of a tour that could not even begin."""
    return json.dumps({"ok": False, "failed": why})


@dataclass
class _Tour:
    world: World
    stage: Play
    store: str
    found: dict[str, object] = field(default_factory=lambda: {"ok": False, "failed": None})

    def play(self) -> int:
        began = time.monotonic()
        try:
            for scene in (self._status, self._backup, self._promote, self._resync, self._digest, self._record):
                say(f"\n— {scene.__doc__}")
                scene()
            self.found["ok"] = True
        except (SandboxError, psycopg.Error) as failure:
            self.found["failed"] = str(failure)
            say(f"  ✗ {failure}")
        except Stopped:
            self.found["failed"] = "somebody asked for the end"
        self.found["seconds"] = round(time.monotonic() - began, 1)
        say("\n" + json.dumps(self.found))
        return 0 if self.found["ok"] else 1

    def _status(self) -> None:
        """Somebody looks how the cluster is."""
        answer = self.stage.private_answer("cy", f"status {CLUSTER}")
        for name in self.world.cluster.nodes:
            self.stage.holds(name in answer, f"the answer names {name}")

    def _backup(self) -> None:
        """A backup, which needs nobody's approval."""
        began = time.monotonic()
        self.stage.succeeds(self.stage.card("ana", f"backup {CLUSTER}"), "the backup")
        self.found["backup_s"] = round(time.monotonic() - began, 1)

    def _promote(self) -> None:
        """Ana asks to promote db2. Her own word does not count, Ben's does."""
        stage = self.stage
        card = stage.card("ana", f"promote {CLUSTER} {NEW}")
        stage.refused("ana", card, "what she asked for herself")
        self.found["self_approval_refused"] = True
        stage.refused("cy", card, "anything, being in no group")
        window = stage.window("ben", card)
        stage.holds(stage.type_target("ben", window, OTHER), "the wrong name is not taken")
        approved = datetime.now(UTC)
        stage.holds(not stage.type_target("ben", window, NEW), "the right name is")
        stage.succeeds(card, "the promotion")
        stage.robot.pause(_AFTER_S)
        self.found["write_gap_s"] = round(longest_gap(writer_log(self.world.home.path), since=approved), 3)
        self.found["promote_s"] = round(from_vote_to_end(self.store, request_of(card) or ""), 3)
        stage.holds(self.world.cluster.role(NEW) == "primary", f"{NEW} takes writes")
        stage.holds(self._writes_to(NEW), f"the writer goes on there, after {self.found['write_gap_s']} s")

    def _resync(self) -> None:
        """The old primary is a standby again."""
        stage = self.stage
        message = stage.answer("ana", f"resync {CLUSTER} {OLD}")
        tell(message)
        stage.holds("no command" not in words_of(message), "the bot knows the command")
        self.found["resync"] = "done" if request_of(message) else "nothing to do"
        if asks_for_approval(message):
            stage.holds(not stage.type_target("ben", stage.window("ben", message), OLD), "ben approves it")
        if request_of(message):
            stage.succeeds(message, "the resync")
        stage.until(self._old_one_streams, f"{OLD} to stream from {NEW}", _SOON_S)
        stage.holds(self.world.cluster.role(OLD) == "standby", f"{OLD} streams from {NEW} and takes no writes")

    def _digest(self) -> None:
        """The digest, for everybody in the channel."""
        self.stage.public_answer("ana", "digest", CLUSTER)
        self.stage.until(self._digest_noted, "the digest's entry in the record", _SOON_S)

    def _record(self) -> None:
        """The rows that were acknowledged, and the record of all this."""
        missing = lost(self.world.cluster.rw_dsn(), writer_log(self.world.home.path))
        self.found["acked_rows_lost"] = missing
        self.stage.holds(missing == 0, "no acknowledged row is missing")
        code, verdict = ask_cli(CLI_ARGV, self.world.bot.env, "audit", "verify")
        self.found["audit_ok"] = code == 0 and isinstance(verdict, dict) and verdict.get("ok") is True
        self.found["audit_events"] = verdict.get("events") if isinstance(verdict, dict) else None
        self.stage.holds(self.found["audit_ok"], f"seconder audit verify: {json.dumps(verdict)}")

    def _writes_to(self, name: str) -> bool:
        with self.world.cluster.connect(name, SUPERUSER) as connection:
            row = connection.execute("SELECT now() - max(at) < interval '2 s' FROM written").fetchone()
        return bool(row and row[0])

    def _old_one_streams(self) -> bool:
        query = "SELECT FROM pg_stat_replication WHERE application_name = %s AND state = 'streaming'"
        with self.world.cluster.connect(NEW, SUPERUSER) as connection:
            return connection.execute(query, (OLD,)).fetchone() is not None

    def _digest_noted(self) -> bool:
        return any(event.action == "digest.posted" and event.outcome == "success" for event in events(self.store))
