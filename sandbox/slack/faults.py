"""What breaks on demand: Web API methods, envelopes on their way, and the pace at which Slack takes messages."""

from dataclasses import dataclass, field

from sandbox.slack.asked import Asked
from sandbox.slack.shapes import Json, Wrong

_METHOD_KEYS = {"method", "error", "status", "retry_after", "times", "delay", "after"}
_ENVELOPE_KEYS = {"envelopes", "times", "seconds"}
_DELAY_S = 1.0
_FINE, _TOO_MANY = 200, 429


@dataclass
class MethodFault:
    """A method (``*``: any) that fails ``times`` times; ``after`` it did its work, if so; ``delay`` seconds late."""

    method: str
    error: str = ""
    status: int = _FINE
    retry_after: int | None = None
    times: int = 1
    delay: float = 0.0
    after: bool = False

    @property
    def fails(self) -> bool:
        """Whether it is more than a delay."""
        return bool(self.error) or self.status != _FINE


@dataclass
class EnvelopeFault:
    """What happens to the next ``times`` envelopes: drop, double or delay (by ``seconds``)."""

    how: str
    times: int = 1
    seconds: float = _DELAY_S


@dataclass
class Faults:
    """The faults that are armed; each is used up by being met."""

    methods: list[MethodFault] = field(default_factory=list)
    envelopes: list[EnvelopeFault] = field(default_factory=list)
    throttled: bool = False

    def arm(self, asked: Asked) -> str | None:
        """Arm what is asked; ``{}`` clears all. Gives what the sockets shall do at once: refresh, abort, or nothing.

        Raises Wrong for anything that is not a fault.
        """
        if not asked.fields:
            self.methods.clear()
            self.envelopes.clear()
            self.throttled = False
            return None
        if "method" in asked.fields:
            self.methods.append(_method(asked))
        elif "envelopes" in asked.fields:
            self.envelopes.append(_envelope(asked))
        elif "throttle" in asked.fields:
            self.throttled = bool(asked.flag("throttle"))
        elif asked.fields.get("sockets") in ("refresh", "abort"):
            return asked.text("sockets")
        else:
            raise Wrong('A fault is {"method": …}, {"envelopes": "drop"|"double"|"delay"}, '
                        '{"sockets": "refresh"|"abort"}, {"throttle": true}, or {} to clear all.')  # fmt: skip
        return None

    def for_method(self, name: str) -> MethodFault | None:
        """Use up one fault of a method, if one is armed."""
        for fault in self.methods:
            if fault.method in {name, "*"}:
                fault.times -= 1
                if fault.times <= 0:
                    self.methods.remove(fault)
                return fault
        return None

    def for_envelope(self) -> EnvelopeFault | None:
        """Use up one fault of an envelope, if one is armed."""
        if not self.envelopes:
            return None
        fault = self.envelopes[0]
        fault.times -= 1
        if fault.times <= 0:
            self.envelopes.pop(0)
        return fault

    def as_seen(self) -> Json:
        """Give what is armed."""
        return {
            "methods": [vars(fault) for fault in self.methods],
            "envelopes": [vars(fault) for fault in self.envelopes],
            "throttle": self.throttled,
        }


def _method(asked: Asked) -> MethodFault:
    _only(asked, _METHOD_KEYS)
    retry_after, times = _count(asked, "retry_after"), _count(asked, "times")
    made = MethodFault(
        asked.text("method"),
        asked.text("error", ""),
        _count(asked, "status") or _FINE,
        retry_after,
        1 if times is None else times,
        asked.seconds("delay"),
        bool(asked.flag("after")),
    )
    if retry_after is not None or made.error == "ratelimited":
        made.status, made.error = _TOO_MANY, made.error or "ratelimited"
        made.retry_after = 1 if retry_after is None else retry_after
    if not made.fails and not made.delay:
        raise Wrong("A method's fault needs error, status, retry_after or delay.")
    if not _FINE <= made.status < 600 or made.times < 1:
        raise Wrong("A status is 200 to 599, and times is 1 at least.")
    return made


def _envelope(asked: Asked) -> EnvelopeFault:
    _only(asked, _ENVELOPE_KEYS)
    how, times = asked.text("envelopes"), _count(asked, "times")
    if how not in {"drop", "double", "delay"}:
        raise Wrong(f"Envelopes can drop, double or delay, not {how}.")
    if times == 0:
        raise Wrong("times is 1 at least.")
    return EnvelopeFault(how, times or 1, asked.seconds("seconds") if "seconds" in asked.fields else _DELAY_S)


def _only(asked: Asked, known: set[str]) -> None:
    unknown = sorted(set(asked.fields) - known)
    if unknown:
        raise Wrong(f"This fault has no {', '.join(unknown)}; it has {', '.join(sorted(known))}.")


def _count(asked: Asked, name: str) -> int | None:
    value = asked.number(name)
    if value is not None and value < 0:
        raise Wrong(f'"{name}" is a whole number from 0 on, not {value}.')
    return value
