"""Whether hooks would work, looked at before anybody agrees to them, and what exactly their files hold."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from core.errors import SeconderError
from core.outcome import Refusal
from fleet.hooks import calls, commands, statements
from fleet.hooks.filling import filled
from fleet.hooks.hook import BOT, At, Call, Command, Effect, Failure, Hook, with_digest
from fleet.inventory import Cluster
from fleet.site import Site

_AT_ONCE = 8


def hooks_at(cluster: Cluster, at: At | str) -> tuple[Hook, ...]:
    """Give the hooks of a moment, in their order, as the configuration has them."""
    return tuple(hook for hook in cluster.hooks if hook.at == at)


def look(site: Site, moments: Sequence[At], words: Mapping[str, str]) -> tuple[Hook, ...]:
    """Fill the hooks of these moments in, bind them to their files, and note what would not work."""
    wanted = [filled(hook, words) for at in moments for hook in hooks_at(site.cluster, at)]
    if not wanted:
        return ()
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="hooks") as pool:
        return tuple(pool.map(partial(_looked, site), wanted))


def attempt(site: Site, effect: Effect) -> str:
    """Reach an effect's place and read its file; give the file's SHA-256. Raises ``SeconderError``."""
    if isinstance(effect, Command):
        return commands.digest(site, effect)
    if isinstance(effect, Call):
        calls.reachable(effect)
        return ""
    digest = statements.digest(effect)
    with statements.connected(site, effect):
        return digest


def in_the_way(hooks: Sequence[Hook]) -> Refusal | None:
    """Give the first hook that must work and would not."""
    for hook in hooks:
        if hook.wrong and hook.failure is Failure.STOP:
            hint = "Mend it, or take the hook out of the configuration; seconder check tries them all."
            return Refusal("HOOK-NOT-READY", f"Hook {hook.name} would fail: {hook.wrong}", hint)
    return None


def notes(hooks: Sequence[Hook]) -> Iterator[str]:
    """Say which hooks would fail."""
    for hook in hooks:
        if hook.wrong:
            yield f"hook {hook.name} WOULD FAIL: {hook.wrong}"


def place(effect: Effect) -> str:
    """Say where an effect takes place."""
    if isinstance(effect, Command):
        return "the bot's machine" if effect.on == BOT else effect.on
    return effect.on if not isinstance(effect, Call) and effect.on else "the bot's machine"


def _looked(site: Site, hook: Hook) -> Hook:
    wrong: list[str] = []

    def bind(effect: Effect) -> Effect:
        try:
            return with_digest(effect, attempt(site, effect))
        except SeconderError as error:
            wrong.append(error.message)
            return _file_at_least(effect)

    return replace(
        hook,
        effect=bind(hook.effect),
        proof=bind(hook.proof) if hook.proof else None,
        undo=bind(hook.undo) if hook.undo else None,
        wrong=wrong[0] if wrong else "",
    )


def _file_at_least(effect: Effect) -> Effect:
    """Bind a file of SQL though its server is out of reach just now."""
    if isinstance(effect, Command | Call):
        return effect
    try:
        return with_digest(effect, statements.digest(effect))
    except SeconderError:
        return effect
