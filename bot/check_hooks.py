"""Whether each hook would find its place and its program, tried as `seconder check` tries all else."""

from collections.abc import Iterator
from itertools import permutations

from core.errors import SeconderError
from core.outcome import Refusal
from fleet.hooks import commands, trying
from fleet.hooks.filling import filled, promotion, resync
from fleet.hooks.hook import At, Command, Effect, Hook
from fleet.site import Site


def tried(site: Site) -> Iterator[tuple[Hook, Refusal | None]]:
    """Try all that a cluster's hooks may carry out, whichever node is the primary; the first fault of each."""
    for hook in site.cluster.hooks:
        yield hook, next(_faults(site, hook), None)


def _faults(site: Site, hook: Hook) -> Iterator[Refusal]:
    seen: list[Effect] = []
    names = list(site.cluster.nodes)
    for one, other in permutations(names, 2) if len(names) > 1 else [(names[0], names[0])]:
        words = (resync if hook.at is At.POST_RESYNC else promotion)(site.cluster, one, other)
        for effect in filled(hook, words).effects:
            if effect not in seen:
                seen.append(effect)
                yield from _fault(site, effect)


def _fault(site: Site, effect: Effect) -> Iterator[Refusal]:
    try:
        trying.attempt(site, effect)
        if isinstance(effect, Command) and not commands.runnable(site, effect):
            program = effect.argv[0]
            hint = "Make it executable for that user."
            yield Refusal("HOOK-FILE", f"{program} may not be run on {trying.place(effect)}.", hint)
    except SeconderError as error:
        hint = error.hint or "See docs/howto/hooks.md."
        yield Refusal(error.code, f"On {trying.place(effect)}: {error.message}", hint)
