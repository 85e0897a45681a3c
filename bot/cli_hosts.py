"""`seconder host`: the keys of the machines that are reached over SSH."""

from collections.abc import Mapping
from typing import Annotated

import typer

from bot.cli_house import environment
from bot.settings import load_settings
from core.errors import ConfigurationError
from fleet import hostkeys
from fleet.inventory import LOCAL, Cluster, Machine, Node

app = typer.Typer(help="Machines that are reached over SSH.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep `pin` a subcommand."""


@app.command()
def pin(
    node: Annotated[str, typer.Argument(help="CLUSTER/NODE, NODE when only one cluster has it, or a name of [hosts].")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="The host has new keys, and you know why.")] = False,
) -> None:
    """Show a host's keys, and pin them when you say that they are right."""
    where = environment()
    settings = load_settings(where.config)
    found: Machine = settings.hosts[node] if node in settings.hosts else _node(settings.clusters, node)
    if found.host == LOCAL:
        raise ConfigurationError(f"{node} is this machine; there is nothing to pin.")
    keys = hostkeys.scan(found.host, found.ssh_port)
    for key in keys:
        typer.echo(f"{key.kind}  {key.fingerprint}")
    typer.echo("Compare with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on that machine's console.")
    if not typer.confirm("Are these its keys?"):
        raise typer.Exit(1)
    hostkeys.pin(where.home / "known_hosts", found.host, found.ssh_port, keys, replace=replace)
    typer.echo(f"Pinned for {found.host}.")


def _node(clusters: Mapping[str, Cluster], name: str) -> Node:
    cluster, _, node = name.rpartition("/")
    found = [each.nodes[node] for each in clusters.values() if node in each.nodes and cluster in {"", each.name}]
    if len(found) != 1:
        raise ConfigurationError(f"{name} names {len(found)} nodes.", "Write CLUSTER/NODE.")
    return found[0]
