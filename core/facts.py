"""What was found, and how much it may change before consent is void."""

from collections.abc import Iterable
from dataclasses import dataclass

Value = str | int | bool | None


@dataclass(frozen=True)
class Fact:
    """One thing that was found.

    Exact without a budget: any other value voids consent. Tolerated with one: the reading may be anything up to
    ``budget`` (in ``unit``); the budget is consented to, the reading is not.
    """

    name: str
    subject: str
    value: Value
    budget: int | None = None
    unit: str = ""


@dataclass(frozen=True)
class Change:
    """One difference between what was consented to and what is."""

    name: str
    subject: str
    was: Value
    now: Value
    budget: int | None = None
    unit: str = ""


def drift(old: Iterable[Fact], new: Iterable[Fact]) -> tuple[Change, ...]:
    """List what changed between two looks; people read it as "since you looked".

    An exact fact changed when its value differs or it is gone or new; a tolerated one when the new reading is above the
    old budget, is unknown (None), or is gone.
    """
    before = {(fact.name, fact.subject): fact for fact in old}
    after = {(fact.name, fact.subject): fact for fact in new}
    changes = []
    for key in [*before, *(key for key in after if key not in before)]:
        change = _compare(before.get(key), after.get(key))
        if change is not None:
            changes.append(change)
    return tuple(changes)


def _compare(was: Fact | None, now: Fact | None) -> Change | None:
    fact = was or now
    if fact is None or (was is None and fact.budget is not None):
        return None
    old, new = (was.value if was else None), (now.value if now else None)
    if fact.budget is None:
        same = was is not None and now is not None and old == new
    else:
        same = isinstance(new, int) and new <= fact.budget
    return None if same else Change(fact.name, fact.subject, old, new, fact.budget, fact.unit)
