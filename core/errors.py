"""The one base of all errors that a person may read."""


class SeconderError(Exception):
    """Something is wrong that a person can mend.

    ``code`` is stable and can be searched for, ``message`` says what was wrong, ``hint`` what to do next.
    Outcomes of policy (refused, not enough votes) are values, never exceptions.
    """

    code = "SECONDER"

    def __init__(self, message: str, hint: str = "", *, code: str | None = None) -> None:
        """Keep the three parts apart, so that templates can lay them out."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or type(self).code

    def __str__(self) -> str:
        """Give the whole sentence, for logs and the command line."""
        return f"{self.message} {self.hint}".strip() + f" [{self.code}]"


class Malformed(SeconderError):
    """What was typed can't be read; nothing was changed."""

    code = "INPUT"


class ConfigurationError(SeconderError):
    """The configuration can't be used as it is."""

    code = "CONFIG"


class StepFailed(SeconderError):
    """A step did not reach its goal, and that is known."""

    code = "STEP-FAILED"


class Unreachable(SeconderError):
    """A host or a database did not answer; nothing is known about it."""

    code = "UNREACHABLE"
