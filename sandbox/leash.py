"""Start a program that the kernel ends when we die, however we die (Linux); elsewhere it is just started."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2); it outlives execve


def leashed(argv: list[str]) -> list[str]:
    """Give the command line that starts ``argv`` on a leash. The thread that starts it must live as long as we do."""
    return [sys.executable, "-m", "sandbox.leash", str(os.getpid()), *argv]


def main(arguments: list[str]) -> None:
    """Put ourselves on the leash of the process named first and become the program that follows."""
    parent, argv = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the leash held
            raise SystemExit(1)
    os.execvp(argv[0], argv)  # noqa: S606  # an argument vector, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
