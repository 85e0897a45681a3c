"""The one error of the sandbox: a sentence for the person who started it."""


class SandboxError(Exception):
    """The sandbox can't go on; the text says why and what would help."""
