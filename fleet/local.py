"""Programs on our own machine, as the user that the server runs as."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from fleet.argv import as_user, encode, feed, limited, sudo_error, sudo_refused
from fleet.child import finish
from fleet.errors import ShellError
from fleet.files import FILE_TIMEOUT, STAGE, STAGED, name, read_file, stage, write_file
from fleet.output import KEEP
from fleet.shell import Ran
from fleet.waiting import Waiting

_NOT_FOUND, _NOT_RUNNABLE = 127, 126  # what every shell says of a program that it can't start
_PASSED_ON = ("PATH", "TZ", "LD_LIBRARY_PATH")  # nothing else: our environment holds tokens
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # another user may not look into ours
_PRIVATE = 0o600  # the mode of what is staged
_UNFED = 1.0  # seconds that a program has to end when nobody feeds it
Process = subprocess.Popen[bytes]


class LocalShell:
    """Runs programs on this machine; ``run_as`` names their user, or is empty for ours.

    ``environment`` is added to what a login has; another user than ours gets it only from root, for sudo drops it.
    """

    def __init__(self, run_as: str = "", environment: Mapping[str, str] | None = None) -> None:
        self._run_as = run_as
        self._added = dict(environment or {})
        self._waiting = Waiting[Process](lambda process: process.poll() is None, _end)

    def run(self, argv: Sequence[str], *, timeout: float, stdin: str = "") -> Ran:
        """Run a program to its end; see ``fleet.shell.Shell``."""
        return self._execute(argv, timeout=timeout, stdin=feed(stdin), keep=KEEP)

    def read(self, path: str) -> str | None:
        """Give a file's text, or None; see ``fleet.shell.Shell``."""
        return read_file(self._execute, path)

    def write(self, path: str, text: str, *, mode: int = 0o600) -> None:
        """Put a file in place whole, owned by the shell's user; see ``fleet.shell.Shell``."""
        last, folder = name(path), path.rpartition("/")[0]
        staged = self._waiting.take((folder, text)) if mode == _PRIVATE else None
        if staged is not None:
            ran = finish(staged, stdin=last, timeout=FILE_TIMEOUT, keep=KEEP, name=STAGE[0])
            if ran.ok:
                return
        write_file(self._execute, path, text, mode)  # also where somebody swept it away meanwhile

    def ahead(self, argv: Sequence[str], count: int) -> None:
        """Have programs wait to be fed; none through sudo, which would ask its rules ahead of time, too."""
        words, user, sudo = self._words(argv, 0)
        if not sudo:
            with suppress(OSError):  # whoever runs it is told
                self._waiting.have(tuple(argv), count, lambda: _begin(words, user))

    def stage(self, folder: str, text: str, count: int) -> None:
        """Have a text wait for its name, as a program that was fed all but that."""
        words, user, sudo = self._words(STAGE, 0)
        fed = stage(folder, text)
        if not sudo and len(fed) <= STAGED:
            with suppress(OSError):  # whoever writes it is told
                self._waiting.have((folder, text), count, lambda: _begin(words, user, fed))

    def close(self) -> None:
        """End what waits: there is no connection."""
        self._waiting.close()

    def _execute(self, argv: Sequence[str], *, timeout: float, stdin: bytes, keep: int) -> Ran:
        words, user, sudo = self._words(argv, timeout)
        try:
            process = self._waiting.take(tuple(argv)) or _begin(words, user)
        except OSError as error:
            return _not_started(argv[0], error)
        ran = finish(process, stdin=stdin, timeout=timeout, keep=keep, name=argv[0])
        if sudo and sudo_refused(ran.code, ran.err):
            raise sudo_error(self._run_as, "this machine", ran.err)
        return ran

    def _words(self, argv: Sequence[str], timeout: float) -> tuple[list[bytes], dict[str, Any], bool]:
        """Give the whole vector, what makes its process our user's, and whether it goes through sudo."""
        encode(argv)  # before anything is put in front of it
        user, sudo = self._user()
        words = as_user(limited(argv, timeout), self._run_as) if sudo else list(argv)
        if "user" in user and (setpriv := _setpriv()):
            words = [setpriv, *_identity(user.pop("user"), user.pop("group"), user.pop("extra_groups")), *argv]
        return encode(words), user, sudo

    def _user(self) -> tuple[dict[str, Any], bool]:
        """Give what starts a process as our user, and whether it needs sudo besides."""
        mine = os.geteuid()
        if not self._run_as:
            return {"env": _environment(mine) | self._added}, False
        try:
            entry = pwd.getpwnam(self._run_as)
        except KeyError as error:
            raise ShellError(
                f"There is no user {self._run_as} on this machine.",
                "Correct run_as in the configuration.",
                code="NO-SUCH-USER",
            ) from error
        if entry.pw_uid == mine or mine != 0:
            return {"env": _environment(mine) | self._added}, entry.pw_uid != mine
        groups = os.getgrouplist(entry.pw_name, entry.pw_gid)  # as sudo and login do: a TLS key may need one
        identity = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": groups}
        return {"env": {**_environment(entry.pw_uid), "PATH": _SYSTEM_PATH, **self._added}, **identity}, False


def _begin(words: list[bytes], user: dict[str, Any], fed: bytes = b"") -> Process:
    process = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        bufsize=0,
        start_new_session=True,
        **user,
    )
    try:
        if fed and process.stdin is not None:
            process.stdin.write(fed)
    except OSError:  # it has ended at once
        _end(process)
        raise
    return process


def _end(process: Process) -> None:
    """End one that nobody fed: its stdin ends, as it does when the bot dies."""
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_UNFED)
        return
    process.kill()
    process.wait()


@cache
def _setpriv() -> str:
    """Give util-linux's program that changes the user, or nothing: busybox has one of that name that can't.

    Python forks, and copies the page tables of a whole bot, when it is to change the user itself: 9 ms instead of 3.
    """
    found = shutil.which("setpriv", path=_SYSTEM_PATH) or ""
    works = found and subprocess.run([found, *_identity(0, 0, ()), "true"], capture_output=True, check=False)
    return found if works and works.returncode == 0 else ""


def _identity(uid: int, gid: int, groups: Sequence[int]) -> list[str]:
    """Give setpriv's words for a user: real and effective identity, and these groups only."""
    others = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
    return [f"--reuid={uid}", f"--regid={gid}", others, "--"]


def _environment(uid: int) -> dict[str, str]:
    """Give a clean environment: what a login has, and messages in English, because we read them."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:  # a container's made-up user
        return {**kept, "HOME": "/", "LC_ALL": "C"}
    return {**kept, "HOME": entry.pw_dir, "USER": entry.pw_name, "LOGNAME": entry.pw_name, "LC_ALL": "C"}


def _not_started(program: str, error: OSError) -> Ran:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return Ran(_NOT_FOUND, "", f"{program}: not found")
        case PermissionError():
            return Ran(_NOT_RUNNABLE, "", f"{program}: permission denied")
        case _:
            raise ShellError(f"{program} can't be started: {error.strerror}", code="NOT-STARTED") from error
