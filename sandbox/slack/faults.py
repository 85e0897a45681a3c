"""What breaks on demand."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class MethodFault:
    """A Web API method that fails a few times."""

    method: str
    error: str = ""
    status: int = 200
    retry_after: int = 1
    times: int = 1


@dataclass
class Faults:
    """Faults that are armed; each is used up."""

    methods: list[MethodFault] = field(default_factory=list)
    envelopes: str = ""
    envelope_times: int = 0

    def arm(self, what: Json) -> str:
        """Arm one fault; ``{}`` clears all. Gives what the sockets should do now (refresh, abort or nothing)."""
        if not what:
            self.methods.clear()
            self.envelopes, self.envelope_times = "", 0
            return ""
        if "method" in what:
            known = {key: what[key] for key in ("method", "error", "status", "retry_after", "times") if key in what}
            self.methods.append(MethodFault(**known))
        if "envelopes" in what:
            if what["envelopes"] not in {"drop", "double", "delay"}:
                raise ValueError("envelopes is drop, double or delay")
            self.envelopes, self.envelope_times = what["envelopes"], int(what.get("times", 1))
        sockets = str(what.get("sockets", ""))
        if sockets not in {"", "refresh", "abort"}:
            raise ValueError("sockets is refresh or abort")
        if not {"method", "envelopes", "sockets"} & set(what):
            raise ValueError("say method, envelopes or sockets")
        return sockets

    def method(self, name: str) -> MethodFault | None:
        """Give the fault that is armed for a method, and use it up once."""
        for fault in self.methods:
            if fault.method == name and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    async def copies(self) -> int:
        """Say how often the next envelope is sent; waits when it is delayed."""
        if self.envelope_times <= 0:
            return 1
        self.envelope_times -= 1
        if self.envelopes == "delay":
            await asyncio.sleep(1.0)
        return {"drop": 0, "double": 2}.get(self.envelopes, 1)
