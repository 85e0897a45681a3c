"""The actions that there are: one line each."""

from importlib.metadata import entry_points

from actions import backup, discard, forward, pause, promote, ready, resume, resync, status
from actions.contract import Action
from core.errors import ConfigurationError

GROUP = "seconder.actions"
OWN: tuple[Action, ...] = (
    status.ACTION,
    ready.ACTION,
    backup.ACTION,
    promote.ACTION,
    resync.ACTION,
    pause.ACTION,
    resume.ACTION,
    discard.ACTION,
    forward.ACTION,
)


def actions() -> tuple[Action, ...]:
    """Give our own actions, and those of installed packages (entry-point group ``seconder.actions``).

    Raises ConfigurationError when a package's action is none, or takes a name that is taken.
    """
    found = list(OWN)
    for point in entry_points(group=GROUP):
        action = point.load()
        if not isinstance(action, Action):
            raise ConfigurationError(f"{point.value} in the group {GROUP} is not an Action.", "Remove that package.")
        if any(action.spec.name == own.spec.name for own in found):
            raise ConfigurationError(f"There are two actions called {action.spec.name}.", f"Remove {point.value}.")
        found.append(action)
    return tuple(found)
