"""Reading and writing whole files through a shell, as the user that programs run as."""

import secrets
from collections.abc import Sequence
from typing import Protocol

from fleet.errors import ShellError
from fleet.shell import Ran

LARGEST = 16 << 20  # bytes; no file that a person or a plan needs is larger
FILE_TIMEOUT = 30.0  # seconds

# LC_ALL: the message is what tells "no such file" from "may not look".
_READ = 'LC_ALL=C; export LC_ALL; exec cat -- "$1"'

# The size is checked before the rename: a connection cut half-way looks like the end of the file. dd takes, counts and
# syncs in one program; after "2+0 records out" it says "81920 bytes copied".
_TAKE = """
set -eu
put() { LC_ALL=C dd bs=65536 conv=fsync; }
free() { if [ -d "$path" ]; then echo "$path is a folder" >&2; exit 1; fi; }
take() {
    umask 077
    [ -d "${new%/*}/" ] || mkdir -p -- "${new%/*}/"
    trap 'rm -f -- "$new"' EXIT
    set -C
    exec 3> "$new"
    [ "$mode" = 0600 ] || chmod -- "$mode" "$new"
    said=$("$@" 2>&1 >&3) || { echo "$said" >&2; exit 1; }
    case $said in
    *"
$size byte"*) ;;
    *) echo "the content did not arrive whole" >&2; exit 1 ;;
    esac
}
"""
_WRITE = """
IFS= read -r path
read -r mode size token
new=$path.$token.new
free
take put
mv -f -- "$new" "$path"
trap - EXIT
sync -- "${path%/*}/" 2>/dev/null || :
"""
WRITE = ("sh", "-c", _TAKE + _WRITE, "write")
# Takes a text and waits for its name; one program more is run then. Without a name, as when the bot dies, it is gone.
_STAGE = """
IFS= read -r folder
read -r size token
mode=0600 new=$folder/.$token.new
part() { head -c "$size" | put; }
take part
sync -- "$folder/" 2>/dev/null || :
IFS= read -r path
free
exec mv -f -- "$new" "$path"
"""
STAGE = ("sh", "-c", _TAKE + _STAGE, "stage")
STAGED = 32 << 10  # bytes at most: as much goes into a pipe at once, whoever is slow to read it


class Execute(Protocol):
    """How a shell runs a program, with the limit on kept output as a choice."""

    def __call__(self, argv: Sequence[str], *, timeout: float, stdin: bytes, keep: int) -> Ran:
        """Run a program to its end."""
        ...


def read_file(execute: Execute, path: str) -> str | None:
    """Give a file's text, or None when there is none. Raises ``ShellError``, ``Unreachable``."""
    _absolute(path)
    ran = execute(["sh", "-c", _READ, "read", path], timeout=FILE_TIMEOUT, stdin=b"", keep=LARGEST + 1)
    if ran.ok and len(ran.out) > LARGEST:
        raise ShellError(f"{path} is larger than {LARGEST >> 20} MiB.", code="FILE-TOO-LARGE")
    if ran.ok:
        return ran.out
    if ran.err.rstrip().endswith("No such file or directory"):
        return None
    raise ShellError(f"{path} can't be read: {ran.err.strip()}", "Check its owner and mode.", code="FILE-READ")


def write_file(execute: Execute, path: str, text: str, mode: int) -> None:
    """Put a file in place whole, with its content over stdin. Raises ``ShellError``, ``Unreachable``."""
    _absolute(path)
    content = _bytes(path, text)
    head = f"{path}\n{mode:04o} {len(content)} {secrets.token_hex(6)}\n".encode()
    ran = execute(WRITE, timeout=FILE_TIMEOUT, stdin=head + content, keep=LARGEST)
    if not ran.ok:
        raise ShellError(f"{path} can't be written: {ran.err.strip()}", "Check the folder and disk.", code="FILE-WRITE")


def stage(folder: str, text: str) -> bytes:
    """Give what ``STAGE`` is fed before it waits for the name. Raises ``ShellError``."""
    _absolute(folder)
    content = _bytes(folder, text)
    return f"{folder}\n{len(content)} {secrets.token_hex(6)}\n".encode() + content


def name(path: str) -> bytes:
    """Give what ``STAGE`` is fed in the end. Raises ``ShellError``."""
    _absolute(path)
    return f"{path}\n".encode()


def _bytes(path: str, text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ShellError(f"What should go into {path} is not valid text.", code="FILE-WRITE") from error


def _absolute(path: str) -> None:
    if not path.startswith("/") or path.endswith("/") or "\n" in path:
        raise ShellError(f"{path!r} is not the whole path of a file.", "Begin it with /.", code="BAD-PATH")
