"""What only SSH can get wrong: trust, silence, cut connections."""

import dataclasses
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import paramiko
import pytest
from paramiko.common import cMSG_CHANNEL_EOF

from core.errors import Unreachable
from fleet import jobs
from fleet.errors import AuthRefused, HostKeyChanged, HostKeyUnknown, JobRefused, ShellError, TimedOut
from fleet.hostkeys import HostKey, pin
from fleet.ssh import SshShell
from tests.fixtures.sshd import Sshd, free_port, serving

pytestmark = pytest.mark.sshd


@pytest.fixture
def shell(sshd: Sshd) -> Iterator[SshShell]:
    shell = SshShell(sshd.address, sshd.known_hosts)
    yield shell
    shell.close()


def another_key(sshd: Sshd) -> HostKey:
    kind, blob = (sshd.folder / "client.pub").read_text().split()[:2]
    return HostKey(kind, blob)


def signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, number)


def test_a_host_whose_key_is_not_pinned_is_refused(sshd: Sshd, tmp_path: Path) -> None:
    with pytest.raises(HostKeyUnknown) as refused:
        SshShell(sshd.address, tmp_path / "none").run(["true"], timeout=5)
    assert refused.value.code == "HOST-KEY-UNKNOWN"
    assert "seconder host pin" in refused.value.hint


def test_a_host_with_another_key_than_the_pinned_one_is_refused(sshd: Sshd, tmp_path: Path) -> None:
    pin(tmp_path / "pins", "127.0.0.1", sshd.port, [another_key(sshd)])
    with pytest.raises(HostKeyChanged) as refused:
        SshShell(sshd.address, tmp_path / "pins").run(["true"], timeout=5)
    assert refused.value.code == "HOST-KEY-CHANGED"
    assert sshd.host_key.fingerprint in refused.value.message
    assert "Do not go on" in refused.value.hint


def test_the_users_own_known_hosts_do_not_count(sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    pin(tmp_path / ".ssh" / "known_hosts", "127.0.0.1", sshd.port, [sshd.host_key])
    with pytest.raises(HostKeyUnknown):
        SshShell(sshd.address, tmp_path / "none").run(["true"], timeout=5)


def test_a_key_pinned_after_a_refusal_counts_at_once(sshd: Sshd, tmp_path: Path) -> None:
    shell = SshShell(sshd.address, tmp_path / "pins")
    with pytest.raises(HostKeyUnknown):
        shell.run(["true"], timeout=5)
    pin(tmp_path / "pins", "127.0.0.1", sshd.port, [sshd.host_key])
    assert shell.run(["true"], timeout=5).ok
    shell.close()


def test_a_gateway_is_held_to_its_pinned_key_too(sshd: Sshd, tmp_path: Path) -> None:
    with serving() as far:
        pins = tmp_path / "pins"
        pin(pins, "127.0.0.1", far.port, [far.host_key])
        shell = SshShell(far.address, pins, gateway=sshd.address)
        with pytest.raises(HostKeyUnknown):
            shell.run(["true"], timeout=5)
        pin(pins, "127.0.0.1", sshd.port, [sshd.host_key])
        assert shell.run(["echo", "through"], timeout=5).out == "through\n"
        shell.close()


def test_a_key_that_the_host_does_not_know_is_refused(sshd: Sshd) -> None:
    stranger = dataclasses.replace(sshd.address, key=str(sshd.folder / "host"))
    with pytest.raises(AuthRefused):
        SshShell(stranger, sshd.known_hosts).run(["true"], timeout=5)


def test_a_key_file_that_is_missing_is_named(sshd: Sshd) -> None:
    with pytest.raises(AuthRefused, match="/no/such/key"):
        SshShell(dataclasses.replace(sshd.address, key="/no/such/key"), sshd.known_hosts).run(["true"], timeout=5)


def test_pins_that_cannot_be_read_are_an_error_not_trust(sshd: Sshd, tmp_path: Path) -> None:
    with pytest.raises(ShellError) as refused:
        SshShell(sshd.address, tmp_path).run(["true"], timeout=5)
    assert refused.value.code == "KNOWN-HOSTS"


def test_a_closed_port_is_told_at_once(sshd: Sshd) -> None:
    begun = time.monotonic()
    with pytest.raises(Unreachable) as refused:
        SshShell(dataclasses.replace(sshd.address, port=free_port()), sshd.known_hosts).run(["true"], timeout=5)
    assert refused.value.code == "HOST-UNREACHABLE"
    assert time.monotonic() - begun < 2


def test_a_black_hole_is_given_up_within_15_seconds(sshd: Sshd) -> None:
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen()  # the kernel takes connections; nobody ever says a word
        begun = time.monotonic()
        with pytest.raises(Unreachable) as refused:
            SshShell(dataclasses.replace(sshd.address, port=hole.getsockname()[1]), sshd.known_hosts).run(
                ["true"], timeout=5
            )
    assert refused.value.code == "HOST-SILENT"
    assert time.monotonic() - begun < 15


def test_a_connection_cut_while_a_program_runs_is_told_and_the_next_one_works(sshd: Sshd, shell: SshShell) -> None:
    shell.run(["true"], timeout=5)
    threading.Timer(0.5, sshd.cut).start()
    begun = time.monotonic()
    with pytest.raises(Unreachable) as lost:
        shell.run(["sleep", "3"], timeout=20)
    assert lost.value.code == "CONNECTION-LOST"
    assert time.monotonic() - begun < 2.5
    assert shell.run(["echo", "again"], timeout=5).out == "again\n"


def test_a_connection_that_died_unnoticed_is_opened_again(sshd: Sshd, shell: SshShell) -> None:
    for _ in range(3):
        assert shell.run(["echo", "here"], timeout=5).out == "here\n"
        sshd.cut()


def test_the_end_of_input_never_goes_behind_the_close_of_its_channel(
    sshd: Sshd, shell: SshShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = paramiko.Transport._send_user_message  # type: ignore[attr-defined]

    def late(transport: paramiko.Transport, packet: paramiko.Message) -> None:
        if packet.asbytes()[:1] == cMSG_CHANNEL_EOF and threading.current_thread().name == "ssh-start":
            time.sleep(0.1)  # the program has ended by then
        send(transport, packet)

    shell.run(["true"], timeout=5)
    before = sshd.connections()
    monkeypatch.setattr(paramiko.Transport, "_send_user_message", late)
    for _ in range(3):
        assert shell.run(["echo", "here"], timeout=5).out == "here\n"
    assert sshd.connections() == before


def test_a_write_that_is_cut_leaves_the_old_file(sshd: Sshd, shell: SshShell, tmp_path: Path) -> None:
    shell.write(str(tmp_path / "file"), "old")
    threading.Timer(0.05, sshd.cut).start()
    with suppress(Unreachable):
        while True:
            shell.write(str(tmp_path / "file"), "new" * 1_000_000)
    time.sleep(0.5)
    assert len((tmp_path / "file").read_text()) in (3, 3_000_000)
    assert shell.read(str(tmp_path / "file")) is not None


def test_a_connection_that_freezes_costs_no_more_than_its_time_and_is_replaced() -> None:
    with serving() as server:
        shell = SshShell(server.address, server.known_hosts)
        shell.run(["true"], timeout=5)
        frozen = server.connections()
        threading.Timer(0.5, signal_all, (frozen, signal.SIGSTOP)).start()
        begun = time.monotonic()
        with pytest.raises(TimedOut):
            shell.run(["sleep", "3"], timeout=2)
        assert time.monotonic() - begun < 4
        assert shell.run(["echo", "again"], timeout=5).out == "again\n"
        assert time.monotonic() - begun < 17
        signal_all(frozen, signal.SIGCONT)
        shell.close()


def test_one_connection_serves_all_and_is_tuned(shell: SshShell) -> None:
    shell.run(["true"], timeout=5)
    transport = shell._connection.transport  # type: ignore[union-attr]  # it is open
    assert transport.agreed_on_strict_kex
    assert transport.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    shell.run(["true"], timeout=5)
    assert shell._connection.transport is transport  # type: ignore[union-attr]


def test_a_hosts_limit_on_sessions_cuts_nobody_off() -> None:
    with serving("MaxSessions 1") as server:
        shell = SshShell(server.address, server.known_hosts)
        shell.run(["true"], timeout=5)
        slow: list[str] = []
        thread = threading.Thread(
            target=lambda: slow.append(shell.run(["sh", "-c", "sleep 2; echo ok"], timeout=9).out)
        )
        thread.start()
        time.sleep(0.3)
        with pytest.raises(Unreachable) as refused:
            shell.run(["true"], timeout=5)
        thread.join()
        assert refused.value.code == "HOST-NO-SESSION"
        assert slow == ["ok\n"]
        shell.close()


def test_neither_agent_nor_configuration_of_the_user_is_asked(
    sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text(
        "Host *\n  HostName 192.0.2.1\n  ProxyCommand false\n  ForwardAgent yes\n"
    )
    (tmp_path / ".fabric.yml").write_text("forward_agent: true\nuser: mallory\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    shell = SshShell(sshd.address, sshd.known_hosts)
    assert "SSH_AUTH_SOCK" not in shell.run(["env"], timeout=5).out
    shell.close()


def test_two_bots_and_a_link_that_breaks_start_a_job_once(sshd: Sshd, tmp_path: Path) -> None:
    bots = [SshShell(sshd.address, sshd.known_hosts) for _ in range(2)]
    work = str(tmp_path / "work")
    jobs.install(bots[0], work)

    def follow(bot: SshShell, trial: int, epoch: int) -> None:
        argv = ["sh", "-c", f"echo {trial} >> {tmp_path}/ran; sleep 0.2"]
        with suppress(Unreachable, JobRefused):
            jobs.run(bot, work, f"t{trial}.1", epoch, argv, timeout=20)

    for trial in range(10):
        threads = [threading.Thread(target=follow, args=(bot, trial, 1 + n)) for n, bot in enumerate(bots)]
        threads.append(threading.Timer(0.01 * trial, sshd.cut))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        follow(bots[1], trial, 3)
    assert (tmp_path / "ran").read_text().split() == [str(trial) for trial in range(10)]
    for bot in bots:
        bot.close()
