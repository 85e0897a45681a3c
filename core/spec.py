"""What an action says of itself, as data."""

from dataclasses import dataclass
from enum import StrEnum

from core.plan import Lock, Risk


class Takes(StrEnum):
    """What a word of a command may be."""

    NODE = "node"
    WORD = "word"
    SWITCH = "switch"  # an option without a value


@dataclass(frozen=True)
class Argument:
    """One word of a command. ``option`` arguments are written ``--name [value]``, others by position."""

    name: str
    takes: Takes
    help: str
    required: bool = False
    option: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spec:
    """The properties of an action: they are data, so that none can be forgotten.

    ``risk`` is the highest that a plan of it can have, ``least`` the lowest where there is a lower one. ``deadline`` is
    in seconds, for a whole run. A stored ``version`` that differs from the code's means that the stored plan may not be
    carried out. ``at_once``: one person's word is enough, whatever a policy asks for its risk, and no hold keeps it
    back: it only stops something and loses nothing. Nothing destructive can be that.
    """

    name: str
    engine: str
    summary: str
    risk: Risk
    lock: Lock
    deadline: float
    version: int
    arguments: tuple[Argument, ...] = ()
    example: str = ""
    least: Risk | None = None
    at_once: bool = False

    @property
    def usage(self) -> str:
        """Give the command's form, such as ``promote CLUSTER [NODE]``."""
        words = [self.name, "CLUSTER"]
        for argument in self.arguments:
            word = f"--{argument.name}" if argument.option else argument.name.upper()
            if argument.option and argument.takes is not Takes.SWITCH:
                word += f" {argument.name.upper()}"
            words.append(word if argument.required else f"[{word}]")
        return " ".join(words)
