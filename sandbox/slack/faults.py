"""What breaks on demand: Web API methods, envelopes on their way, and the pace at which Slack takes messages."""

from dataclasses import dataclass, field

from sandbox.slack.shapes import Json, Wrong

_METHOD_KEYS = {"method", "error", "status", "retry_after", "times", "delay", "after"}
_ENVELOPE_KEYS = {"envelopes", "times", "seconds"}
_DELAY_S = 1.0


@dataclass
class MethodFault:
    """A method (``*``: any) that fails ``times`` times; ``after`` it did its work, if so; ``delay`` seconds late."""

    method: str
    error: str = ""
    status: int = 200
    retry_after: int | None = None
    times: int = 1
    delay: float = 0.0
    after: bool = False

    @property
    def fails(self) -> bool:
        """Whether it is more than a delay."""
        return bool(self.error) or self.status != 200


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

    def arm(self, asked: Json) -> str | None:
        """Arm what is asked; ``{}`` clears all. Gives what the sockets shall do at once: refresh, abort, or nothing.

        Raises Wrong for anything that is not a fault.
        """
        if not asked:
            self.methods.clear()
            self.envelopes.clear()
            self.throttled = False
            return None
        if "method" in asked:
            self.methods.append(_method(asked))
        elif "envelopes" in asked:
            self.envelopes.append(_envelope(asked))
        elif "throttle" in asked:
            self.throttled = bool(asked["throttle"])
        elif asked.get("sockets") in {"refresh", "abort"}:
            return str(asked["sockets"])
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


def _method(asked: Json) -> MethodFault:
    _only(asked, _METHOD_KEYS)
    made = MethodFault(
        str(asked["method"]),
        str(asked.get("error", "")),
        _number(asked, "status", 200),
        _number(asked, "retry_after", 0) if "retry_after" in asked else None,
        _number(asked, "times", 1),
        float(asked.get("delay", 0)),
        bool(asked.get("after")),
    )
    if made.retry_after is not None or made.error == "ratelimited":
        made.status, made.error = 429, made.error or "ratelimited"
        made.retry_after = 1 if made.retry_after is None else made.retry_after
    if not made.fails and not made.delay:
        raise Wrong("A method's fault needs error, status, retry_after or delay.")
    return made


def _envelope(asked: Json) -> EnvelopeFault:
    _only(asked, _ENVELOPE_KEYS)
    how = str(asked["envelopes"])
    if how not in {"drop", "double", "delay"}:
        raise Wrong(f"Envelopes can drop, double or delay, not {how}.")
    return EnvelopeFault(how, _number(asked, "times", 1), float(asked.get("seconds", _DELAY_S)))


def _only(asked: Json, known: set[str]) -> None:
    unknown = sorted(set(asked) - known)
    if unknown:
        raise Wrong(f"This fault has no {', '.join(unknown)}; it has {', '.join(sorted(known))}.")


def _number(asked: Json, name: str, default: int) -> int:
    value = asked.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Wrong(f"{name} is a whole number, not {value!r}.")
    return value
