"""SSH between the nodes of one machine: a real sshd on the loopback that ends up as the servers' user."""

import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.peers.absent import program
from bench.peers.programs import Programs
from sandbox.cluster import free_ports
from sandbox.layout import LOOPBACK, put
from sandbox.running import wait_for
from sandbox.servers import must, run, server_user

# The servers' user may have no shell that lets anybody in (nobody has none): root's sshd becomes it for each command.
_AS_SERVER = 'setpriv --reuid={uid} --regid={gid} --clear-groups /bin/sh -c "$SSH_ORIGINAL_COMMAND"'
_SERVER = """\
ListenAddress {host}:{port}
HostKey {folder}/ssh_host
AuthorizedKeysFile {folder}/ssh_client.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
LogLevel ERROR
MaxStartups 100
{forced}
"""
_CLIENT = """\
Host *
    Port {port}
    User {user}
    IdentityFile {folder}/ssh_client
    IdentitiesOnly yes
    UserKnownHostsFile {folder}/ssh_known
    StrictHostKeyChecking yes
    LogLevel ERROR
"""


@dataclass(frozen=True)
class Parts:
    """The programs that it takes."""

    sshd: Path
    ssh: Path
    keygen: Path


def parts() -> Parts:
    """Find them. Raises ``Absent``."""
    if server_user().switch:
        program("setpriv", "util-linux")
    sshd = program("sshd", "openssh-server")
    return Parts(sshd, program("ssh", "openssh-client"), program("ssh-keygen", "openssh-client"))


def serve(programs: Programs, found: Parts) -> str:
    """Start the server and give the options with which ssh reaches it, whatever host is named."""
    folder, user = programs.folder, server_user()
    (port,) = free_ports(1)
    for key in ("ssh_host", "ssh_client"):
        must([found.keygen, "-q", "-t", "ed25519", "-N", "", "-f", folder / key])
    forced = f"ForceCommand {_AS_SERVER.format(uid=user.uid, gid=user.gid)}" if user.switch else ""
    put(folder / "sshd_config", _SERVER.format(host=LOOPBACK, port=port, folder=folder, forced=forced))
    login = pwd.getpwuid(os.geteuid()).pw_name
    put(folder / "ssh_config", _CLIENT.format(port=port, user=login, folder=folder))
    put(folder / "ssh_known", f"[{LOOPBACK}]:{port} {(folder / 'ssh_host.pub').read_text()}")
    if user.switch:  # root's sshd wants this folder, and a host key of its own
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        os.chown(folder / "ssh_host", 0, 0)
    programs.start("sshd", [found.sshd, "-D", "-e", "-f", folder / "sshd_config"], as_us=True)
    options = f"-q -F {folder / 'ssh_config'} -o ConnectTimeout=10"
    wait_for(lambda: _reached([found.ssh, *options.split(), LOOPBACK, "true"]), 10, "sshd on the loopback")
    return options


def _reached(argv: Sequence[str | Path]) -> bool:
    return run(argv).returncode == 0
