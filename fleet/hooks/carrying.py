"""Carrying a hook out, as steps: do it, prove it, take it back. The args hold all that is executed."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import SeconderError, StepFailed, Unreachable
from core.outcome import AMISS, Evidence, Probe
from core.step import StepContext
from fleet.errors import ShellError, TimedOut
from fleet.hooks import calls, commands, statements
from fleet.hooks.hook import At, Call, Command, Effect, Failure, from_args
from fleet.site import Site

_PAUSE = 0.2  # seconds between two looks at a proof

Args = Mapping[str, Any]


def run(
    site: Site, step: StepContext, *, name: str, at: str, failure: str, effect: Args, proof: Args | None
) -> Evidence:
    """Carry a hook out and see its proof.

    What must not keep the rest from happening raises nothing: a hook that only warns, and every hook behind the point
    of no return. Its evidence says so, and ``held`` ends the run with it. Else raises ``SeconderError``.
    """
    began = time.monotonic()
    shown = from_args(proof) if proof else None
    try:
        said = _execute(site, step, from_args(effect), step.job)
        if shown is not None:
            said = _prove(site, shown)
    except SeconderError as error:
        step.mine()  # not the hook's fault: another bot has this run
        if At(at).can_go_back and failure == Failure.STOP:
            raise
        if shown is not None and _holds(site, shown) is Probe.DONE:
            return Evidence(f"it holds, though: {error.message}", {"hook": name})
        return _amiss(name, failure, error)
    took = time.monotonic() - began
    return Evidence(f"took {took:.2f} s{f': {said}' if said else ''}", {"hook": name, "seconds": round(took, 3)})


def proven(
    site: Site, _step: StepContext, *, name: str, at: str, failure: str, effect: Args, proof: Args | None
) -> Probe:
    """Look at the proof. Without one a hook may be repeated, or is never asked."""
    del name, at, failure, effect
    return _holds(site, from_args(proof)) if proof else Probe.NOT_DONE


def take_back(site: Site, step: StepContext, *, name: str, failure: str, effect: Args, proof: Args | None) -> Evidence:
    """Take a hook back. Its failure never keeps the steps before it from being taken back; the run's end says so."""
    try:
        said = _execute(site, step, from_args(effect), f"{step.job}.undo")
    except SeconderError as error:
        step.mine()
        if proof and _holds(site, from_args(proof)) is Probe.NOT_DONE:
            return Evidence(f"nothing to take back: {error.message}", {"hook": name})
        return _amiss(name, failure, error)
    return Evidence(f"taken back{f': {said}' if said else ''}", {"hook": name})


def held(_site: Site, step: StepContext, *, hooks: Sequence[str]) -> Evidence:
    """End the run loudly when a hook failed that had to hold: raises ``StepFailed``. All else is done by now."""
    shown = [data for key, data in step.evidence.items() if key.startswith("hook.")]
    failed = [f"{data.get('hook')} failed: {data.get('said')}" for data in shown if data.get(AMISS) == Failure.STOP]
    if failed:
        hint = "All other steps are done. The commands to do it by hand are in the thread."
        raise StepFailed(" ".join(failed), hint, code="HOOK-FAILED")
    return Evidence(f"held: {', '.join(hooks)}")


def again(_site: Site, _step: StepContext, **_args: object) -> Probe:
    """What takes back, or only looks, is done again and never looked up."""
    return Probe.NOT_DONE


def _execute(site: Site, step: StepContext, effect: Effect, job: str) -> str:
    step.mine()
    if isinstance(effect, Command):
        return commands.execute(site, step, effect, job)
    return _called(site, effect)


def _called(site: Site, effect: Effect) -> str:
    if isinstance(effect, Command):
        return commands.look(site, effect)
    return calls.execute(effect) if isinstance(effect, Call) else statements.execute(site, effect)


def _prove(site: Site, proof: Effect) -> str:
    """Look at a proof until it holds: what was told to a name server or a daemon may take its time."""
    deadline = time.monotonic() + proof.seconds
    while True:
        try:
            return _called(site, proof)
        except SeconderError as error:
            if time.monotonic() > deadline or getattr(error, "code", "") == "HOOK-CHANGED":
                raise _unproven(error) from error
            time.sleep(_PAUSE)


def _holds(site: Site, proof: Effect) -> Probe:
    """Look at a proof once."""
    try:
        _called(site, proof)
    except (Unreachable, TimedOut, ShellError):
        return Probe.UNKNOWN
    except SeconderError as error:
        return Probe.UNKNOWN if error.code in {"HOOK-CHANGED", "HOOK-FILE", "HOOK-PLACE"} else Probe.NOT_DONE
    return Probe.DONE


def _unproven(error: SeconderError) -> StepFailed:
    return StepFailed(f"It was done, but its proof fails: {error.message}", error.hint, code="HOOK-UNPROVEN")


def _amiss(name: str, failure: str, error: SeconderError) -> Evidence:
    word = "WARNING" if failure == Failure.WARN else "FAILED"
    said = f"{error.message} {error.hint}".strip()
    return Evidence(f"{word}: {said}", {"hook": name, AMISS: failure, "said": error.message})
