"""What can go wrong between us and a machine."""

from core.errors import SeconderError, StepFailed, Unreachable


class ShellError(SeconderError):
    """A machine answered, but could not do what was asked of it."""

    code = "SHELL"


class TimedOut(SeconderError):
    """A program did not end in time; it was asked to stop, and may or may not have had its effect."""

    code = "TIMED-OUT"


class HostKeyUnknown(Unreachable):
    """No key of this host is pinned, so nothing was sent to it."""

    code = "HOST-KEY-UNKNOWN"


class HostKeyChanged(Unreachable):
    """The host showed another key than the pinned one, so nothing was sent to it."""

    code = "HOST-KEY-CHANGED"


class AuthRefused(Unreachable):
    """The host did not accept our key."""

    code = "AUTH-REFUSED"


class JobRefused(StepFailed):
    """The host did not start a job, and that is known: held (75), fenced (76) or not allowed (77)."""

    code = "JOB-REFUSED"


class JobLost(ShellError):
    """A job was started and is gone without a return code: the host restarted, or something killed it."""

    code = "JOB-LOST"
