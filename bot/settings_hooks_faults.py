"""What can be wrong with hooks whose every table is well formed."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from bot.settings_hooks import itself, part
from bot.settings_hooks_file import EffectTable, HookTable, HttpTable
from fleet.hooks.filling import fill, in_braces, places_for, words_for
from fleet.hooks.hook import BOT, At
from fleet.hooks.statements import secret_in

Fault = tuple[tuple[str, ...], str]
_ONLY = {
    "command": ("run_as", "environment"),
    "sql": ("conninfo", "passfile", "expect"),
    "http": (),
}


def hook_faults(cluster: str, hooks: tuple[HookTable, ...], nodes: set[str], hosts: set[str]) -> Iterator[Fault]:
    """List what is wrong with a cluster's hooks: where, and what."""
    seen: set[str] = set()
    for n, hook in enumerate(hooks):
        where = ("clusters", cluster, "hooks", str(n))
        if hook.name in seen:
            yield (*where, "name"), f"there is a hook {hook.name} already"
        seen.add(hook.name)
        yield from ((where, said) for said in _shape(hook))
        yield from (((*where, "plan"), said) for said in _words(hook.at, hook.plan))
        own = {"": itself(hook), "proof": hook.proof, "undo": hook.undo}
        for key, table in own.items():
            if table is not None:
                inside = (*where, key) if key else where
                yield from ((inside, said) for said in _effect(hook, key, table, nodes, hosts))


def _shape(hook: HookTable) -> Iterator[str]:
    """Look at what a hook needs before the point of no return, and can't have behind it."""
    if hook.at.can_go_back and hook.undo is None:
        done = 'if there is nothing to take back, say undo = { command = ["/bin/true"] }'
        yield f"a {hook.at} hook needs an undo, for the run may go back: {done}"
    if hook.at.can_go_back and hook.proof is None and not hook.repeatable:
        yield f"a {hook.at} hook needs a proof, or repeatable = true: else nobody can tell whether to take it back"
    if not hook.at.can_go_back and hook.undo is not None:
        yield f"nothing takes a {hook.at} hook back: leave undo out"


def _effect(hook: HookTable, key: str, own: EffectTable, nodes: set[str], hosts: set[str]) -> Iterator[str]:
    kinds = [kind for kind in _ONLY if getattr(own, kind)]
    if len(kinds) != 1:
        yield f"say exactly one of command, sql, http; here {' and '.join(kinds) or 'is none'}"
        return
    for kind, keys in _ONLY.items():
        for given in keys if kind != kinds[0] else ():
            if getattr(own, given):
                yield f"{given} goes with {kind} only"
    table = part(hook, own) if key else own
    if own.contains and kinds[0] == "sql":
        yield "contains goes with command and http; SQL has expect"
    if kinds[0] == "command":
        yield from _command(hook.at, table, nodes, hosts)
    elif kinds[0] == "sql":
        yield from _sql(hook.at, key, table, nodes)
    elif table.http is not None:
        yield from _http(hook.at, table, table.http)


def _command(at: At, table: EffectTable, nodes: set[str], hosts: set[str]) -> Iterator[str]:
    argv, on = table.command or (), table.on or BOT
    if not argv[0].startswith("/") or in_braces(argv[0]):
        yield f"{argv[0]!r} is not a program's whole path"
    known = {BOT, *nodes, *hosts, *(f"{{{name}}}" for name in places_for(at))}
    if on not in known:
        yield f"on = {on!r} is no place; there is {', '.join(sorted(known))}"
    if table.environment and (on != BOT or table.run_as):
        yield 'environment goes with on = "bot" and the bot\'s own user only: let a script there read its own file'
    yield from _words(at, *argv, table.contains)


def _sql(at: At, key: str, table: EffectTable, nodes: set[str]) -> Iterator[str]:
    if key == "proof" and not table.expect:
        yield 'a proof by SQL says what it expects, such as expect = [{ paused = "1" }]'
    places = {*nodes, *(f"{{{name}}}" for name in places_for(at))}
    if not table.conninfo and table.on not in places:
        yield f"say where to connect: conninfo, or on = one of {', '.join(sorted(places))}"
    if table.conninfo and (wrong := secret_in(table.conninfo)):
        yield f"conninfo {wrong}"
    yield from _words(at, table.conninfo or "", *(value for row in table.expect for value in row.values()))


def _http(at: At, table: EffectTable, http: HttpTable) -> Iterator[str]:
    if table.on not in {None, "", BOT}:
        yield "http is called from the bot's machine: leave on out"
    unknown = list(_words(at, http.url, http.body, table.contains))
    yield from unknown
    if unknown:
        return
    url = urlsplit(fill(http.url, dict.fromkeys(words_for(at), "1")))
    if url.scheme not in {"http", "https"} or not url.hostname or not _port(url.netloc):
        yield f"{http.url!r} is not http://HOST… or https://HOST…"
    if "@" in url.netloc:
        yield 'a URL is shown to everybody: put what it takes to log in into headers = "/FILE"'


def _port(netloc: str) -> bool:
    try:
        return urlsplit(f"//{netloc}").port != 0
    except ValueError:
        return False


def _words(at: At, *texts: str) -> Iterator[str]:
    known = words_for(at)
    for word in sorted(set().union(*map(in_braces, texts)) - set(known)):
        yield f"a {at} hook knows no {{{word}}}; there is {', '.join(f'{{{name}}}' for name in known)}"
