"""Programs of a peer: started as the servers' user, ended by their process ids."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.servers import run, server_user

_PATIENCE = 15.0  # seconds between asking a program to end and ending it


@dataclass
class Programs:
    """What runs in the background for one peer; their output lies in ``folder``."""

    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, name: str, argv: Sequence[str | Path], *, as_us: bool = False) -> int:
        """Start one and give its process id; ``as_us``: not as the servers' user."""
        user = server_user()
        switch = user.switch and not as_us
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [str(word) for word in argv],
                cwd=self.folder,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": str(self.folder), **self.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=user.uid if switch else None,
                group=user.gid if switch else None,
                extra_groups=() if switch else None,
                start_new_session=True,
            )
        self._running.append(process)
        return process.pid

    def call(self, argv: Sequence[str | Path], *, timeout: float = 60.0) -> str:
        """Run one to its end, as the servers' user; it has to succeed. Gives what it said."""
        said = [f"{name}={value}" for name, value in self.env.items()]
        done = run(["env", *said, *argv], cwd=self.folder, timeout=timeout)
        if done.returncode != 0:
            raise RuntimeError(f"{Path(argv[0]).name} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def ended(self) -> list[str]:
        """Give the command lines of those that ended by themselves."""
        return [str(process.args) for process in self._running if process.poll() is not None]

    def end(self) -> None:
        """End all: the last first asked, each waited for, the deaf ones killed."""
        for process in reversed(self._running):
            process.terminate()
        for process in reversed(self._running):
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()
