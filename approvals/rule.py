"""One rule: how many must agree, from where, when, and what else it takes."""

from dataclasses import asdict, dataclass, replace

from approvals.windows import Window
from core.canonical import canonical, sha256

DAY = 86400
Allowed = tuple[tuple[Window, ...], ...]


@dataclass(frozen=True)
class Override:
    """What a stricter rule says on top of another; None leaves it as it is."""

    approvals: int | None = None
    groups: frozenset[str] | None = None
    propose: frozenset[str] | None = None
    expires: int | None = None
    also: frozenset[str] = frozenset()
    reason: bool = False
    look: bool = False
    allowed: tuple[Window, ...] = ()
    frozen: tuple[Window, ...] = ()
    emergency: frozenset[str] | None = None
    review: int | None = None


@dataclass(frozen=True)
class Rule:
    """How many people besides the requester must agree, from which groups, who may ask, and for how long (seconds).

    ``propose`` None: everybody in the roster may ask. ``groups`` empty: nobody can approve. ``also`` adds one approval
    from each of its groups, by another person each. ``reason``: who asks says why. ``look``: who approves types a fact
    that is not on the card. ``allowed``: of each list one window must hold; ``frozen``: none may. ``emergency``: the
    groups whose members may run it alone; somebody else then has ``review`` seconds to look at it.
    """

    approvals: int
    groups: frozenset[str]
    propose: frozenset[str] | None
    expires: int
    also: frozenset[str] = frozenset()
    reason: bool = False
    look: bool = False
    allowed: Allowed = ()
    frozen: tuple[Window, ...] = ()
    emergency: frozenset[str] = frozenset()
    review: int = DAY

    @property
    def rule_hash(self) -> str:
        """Give the hash that a request keeps, so that a changed policy makes it outdated."""
        return sha256(canonical(asdict(self)))

    @property
    def places(self) -> tuple[frozenset[str], ...]:
        """List the places that approvals fill, one person each: any group of a place is enough for it."""
        return (*(frozenset({group}) for group in sorted(self.also)), *[self.groups] * self.approvals)

    @property
    def voters(self) -> frozenset[str]:
        """Give the groups whose members may vote."""
        return self.groups | self.also

    def of_one(self) -> "Rule":
        """Keep who may ask, who could approve and for how long, and nothing that would keep one person waiting."""
        return replace(self, approvals=0, also=frozenset(), reason=False, look=False, allowed=(), frozen=())

    def stricter(self, top: Override) -> "Rule":
        """Put an override on top: it can tighten, never loosen."""
        return replace(
            self,
            approvals=max(self.approvals, top.approvals or 0),
            groups=_both(self.groups, top.groups),
            propose=top.propose if self.propose is None else _both(self.propose, top.propose),
            expires=self.expires if top.expires is None else min(self.expires, top.expires),
            also=self.also | top.also,
            reason=self.reason or top.reason,
            look=self.look or top.look,
            allowed=(*self.allowed, top.allowed) if top.allowed else self.allowed,
            frozen=(*self.frozen, *(window for window in top.frozen if window not in self.frozen)),
            emergency=_both(self.emergency, top.emergency),
            review=self.review if top.review is None else min(self.review, top.review),
        )


def _both(groups: frozenset[str], top: frozenset[str] | None) -> frozenset[str]:
    return groups if top is None else groups & top
