"""The receipt of a quorum."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Grant:
    """The right to carry out one plan once.

    Python can't forbid forging this object. The lock is the row in the store: redeeming compares and sets it, and a
    forged grant finds no row.
    """

    request: str
    plan_hash: str
    token: str
