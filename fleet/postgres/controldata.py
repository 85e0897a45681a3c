"""What pg_controldata tells of a data folder."""

import re
from dataclasses import dataclass

from fleet.errors import ShellError
from fleet.postgres import lsn

SIGNAL = "standby.signal"
SHUT_DOWN = "shut down"
_FIELD = re.compile(r"^([^:]+):\s*(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Control:
    """What pg_controldata says: the server's own note about its data folder.

    ``state`` is its text, such as ``in production``, ``shut down``, ``in archive recovery``. ``checkpoint`` is where
    the latest checkpoint record begins. ``fenced``: standby.signal lies in the folder, so a start comes up read-only.
    """

    sysid: str
    state: str
    timeline: int
    checkpoint: int
    redo: int
    fenced: bool = False

    @property
    def shut_down(self) -> bool:
        """Say whether the server ended in order, as a primary."""
        return self.state == SHUT_DOWN

    @property
    def was_primary(self) -> bool:
        """Say whether the server last ran as a primary."""
        return self.state in {"in production", SHUT_DOWN, "shutting down", "in crash recovery"}

    @property
    def may_write(self) -> bool:
        """Say whether a start would bring up a primary, or the running server may be one."""
        return self.was_primary and not self.fenced


def parse_control(text: str) -> Control:
    """Read pg_controldata's output; raises ``ShellError`` when it isn't."""
    fields = dict(_FIELD.findall(text))
    try:
        return Control(
            sysid=fields["Database system identifier"],
            state=fields["Database cluster state"],
            timeline=int(fields["Latest checkpoint's TimeLineID"]),
            checkpoint=lsn.parse(fields["Latest checkpoint location"]),
            redo=lsn.parse(fields["Latest checkpoint's REDO location"]),
            fenced=SIGNAL in fields,
        )
    except (KeyError, ValueError) as error:
        raise ShellError("pg_controldata's answer can't be read.", "Is bin right?", code="CONTROL") from error
