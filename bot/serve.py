"""The bot as a process: what runs beside what, and how it ends."""

import _thread
import logging
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.announcer import Announcer
from bot.check import warnings
from bot.clicks import Clicks
from bot.commands import Commands
from bot.desk import Desk
from bot.environment import Environment
from bot.inbox import Inbox
from bot.outbox import Outbox
from bot.patience import Patience
from bot.posts import Posts
from bot.proposals import Proposals
from bot.reminders import Reminders
from bot.scheduled import Scheduled, digests
from bot.settings import Settings
from bot.socket import Handler, build_app, open_socket
from bot.watching.watch import READY
from bot.who import Who
from bot.wiring import SLACK_SECONDS, House, build, pool
from core.errors import ConfigurationError
from runs.bots.presence import BEAT
from runs.dispatch import Dispatcher
from runs.schedules.slots import Every, Schedule
from runs.schedules.ticking import Ticks, ticker

_log = logging.getLogger(__name__)
AT_ONCE = 2  # threads that are left for what takes no lock
TELL_EVERY = LOOKOUT = 1.0  # seconds
PATIENCE = 8.0  # seconds that a step under way gets at the end
# A thread that acknowledges waits for the interpreter again after each statement: behind others that work, 5 ms a time.
SWITCH_SECONDS = 0.0005


def serve(environment: Environment, settings: Settings) -> None:
    """Serve until INT, TERM or HUP. A run under way is left to the next start, which looks what happened."""
    if not environment.bot_token or not environment.app_token:
        raise ConfigurationError(
            "SLACK_BOT_TOKEN or SLACK_APP_TOKEN is missing.",
            "Set both, or SLACK_BOT_TOKEN_FILE and SLACK_APP_TOKEN_FILE.",
        )
    leaving = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Not by the handler: it runs in the middle of the main thread, which may just hold the event's lock.
        signal.signal(name, lambda *_: _thread.start_new_thread(leaving.set, ()))
    sys.setswitchinterval(SWITCH_SECONDS)
    house = build(environment, settings, leaving)
    try:
        _alike(house)
        house.presence.beat()
        _serve(environment, house, leaving)
    finally:
        _quietly(house.presence.leave)
        house.close()


def _alike(house: House) -> None:
    """Raise ConfigurationError when a bot that serves this store was started with another configuration."""
    mine = house.presence.configuration
    others = sorted(name for name, theirs in house.presence.others().items() if theirs != mine)
    if others:
        raise ConfigurationError(
            f"{', '.join(others)} serves this store with another configuration than {house.settings.path.name}.",
            "Give all bots the same file, end the others, then start this one.",
        )


def _serve(environment: Environment, house: House, leaving: threading.Event) -> None:
    client = WebClient(environment.bot_token, base_url=environment.api_url, timeout=SLACK_SECONDS)
    outbox = Outbox(house.store, house.clock, client, house.presence)
    posts = Posts(house.store, house.gate, house.reviews, house.sites, house.texts, client, outbox)
    runner = replace(house.runner, announce=posts.announce)
    workers = pool("work", house.settings.bot.workers)
    locked = len(house.sites.clusters) + 1  # a run each, and a chore: what takes no lock never queues behind them
    carriers = pool("run", max(house.settings.bot.workers, locked + AT_ONCE))
    dispatcher = Dispatcher(house.store, runner, house.presence, house.ending.claimable, house.ending.sweep, carriers)
    desk = _desk(house, client, outbox, dispatcher)
    patience = Patience(desk.still)
    presence = house.presence
    inbox = Inbox(house.store, house.clock, workers, desk.deal, patience, presence.name, presence.lives, desk.late)
    app = build_app(client, inbox.take, desk.check, desk.sorry)
    handler = open_socket(app, environment.app_token, environment.api_url)
    ticks, due = Ticks(house.store, house.clock, presence.name, presence.lives), _due(house, outbox, dispatcher)
    schedule = ticker(lambda: ticks.look(due))
    threads = [
        threading.Thread(target=work, name=name, daemon=True)
        for name, work in (
            ("cards", lambda: posts.serve(leaving)),
            ("dispatch", lambda: dispatcher.serve(leaving)),
            ("patience", lambda: patience.serve(leaving)),
            ("heartbeat", lambda: _beat(house, leaving)),
            ("tell", lambda: _tell(house, _announcer(house, outbox), _reminders(house, client), leaving)),
            ("inbox", lambda: _every(BEAT, inbox.take_up, leaving)),
            ("lookout", lambda: _every(LOOKOUT, house.lookout.look, leaving)),
            ("anchors", lambda: _every(BEAT, house.anchoring.look, leaving)),
            ("socket", lambda: _connect(handler, leaving)),
        )
    ]
    for thread in threads:
        thread.start()
    schedule.start()
    _log.info("Serving as %s", house.presence.name)
    leaving.wait()
    _log.info("Leaving: no new step starts")
    schedule.shutdown(wait=False)
    _quietly(handler.close)
    workers.shutdown(wait=False, cancel_futures=True)
    ended = threading.Thread(target=carriers.shutdown, daemon=True)
    ended.start()
    ended.join(PATIENCE)


def _desk(house: House, client: WebClient, outbox: Outbox, dispatcher: Dispatcher) -> Desk:
    commands = Commands(
        road=house.road,
        texts=house.texts,
        command=house.settings.bot.command,
        digest=lambda actor: house.digest.post(outbox, house.settings.channel, actor),
        wake=dispatcher.wake,
        verbs=house.verbs,
    )
    clicks = Clicks(house.gate, house.stops, commands, house.texts, client, dispatcher.wake, house.lookout.deciding)
    proposals = Proposals(client, house.texts, commands)
    return Desk(client, Who(house.gate.rules, client), house.texts, commands, clicks, proposals)


def _every(seconds: float, work: Callable[[], object], leaving: threading.Event) -> None:
    while not leaving.is_set():
        _quietly(work)
        leaving.wait(seconds)


def _announcer(house: House, outbox: Outbox) -> Announcer:
    channels = {name: cluster.channel for name, cluster in house.settings.clusters.items()}
    return Announcer(
        gate=house.gate,
        configuration=house.configuration,
        holds=house.holds,
        reviews=house.reviews,
        texts=house.texts,
        outbox=outbox,
        command=house.settings.bot.command,
        channel=house.settings.channel,
        channels=channels,
        watch=house.watch,
    )


def _reminders(house: House, client: WebClient) -> Reminders:
    table = house.settings.remind
    return Reminders(house.store, house.gate, house.texts, client, house.clock, float(table.first), table.group)


def _tell(house: House, announcer: Announcer, reminders: Reminders, leaving: threading.Event) -> None:
    """Tell what was not told yet, and keep Slack's groups fresh."""
    _quietly(house.groups.refresh)
    wrong = list(warnings(house.gate.rules()))
    for warning in wrong:
        _log.warning("%s", warning)
    _quietly(lambda: announcer.warn(wrong))
    while not leaving.is_set():
        _quietly(house.groups.refresh)
        _quietly(announcer.look)
        _quietly(reminders.look)
        leaving.wait(TELL_EVERY)


def _due(house: House, outbox: Outbox, dispatcher: Dispatcher) -> list[Schedule]:
    """Give everything that happens by itself at its time."""
    settings = house.settings
    asking = Scheduled(
        house.road, house.gate, outbox, house.texts, settings.channel, settings.bot.command, dispatcher.wake
    )
    posting = digests(settings.digest, lambda channel, slot: house.digest.post(outbox, channel, "system", slot))
    watching = [Every(READY, settings.ready.every, house.watch.look)] if settings.ready.every else []
    return [*posting, *watching, *asking.all(settings.schedules)]


def _connect(handler: Handler, leaving: threading.Event) -> None:
    """Connect, however long Slack is away: the bot starts degraded and says so."""
    while not leaving.is_set():
        try:
            handler.connect()  # type: ignore[no-untyped-call]  # slack_bolt does not annotate it
        except (SlackApiError, SlackClientError, URLError, OSError) as error:
            _log.warning("Slack is not reached: %s; trying again", error)
            leaving.wait(2)
        else:
            _log.info("Connected to Slack")
            return


def _beat(house: House, leaving: threading.Event) -> None:
    while not leaving.wait(BEAT):
        _quietly(house.presence.beat)


def _quietly(work: Callable[[], object]) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001  # at the edge of the process: it must go on, or end
        _log.warning("%s", error)
