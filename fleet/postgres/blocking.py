"""What would hold up a clean stop of the primary, or must not be cut off by it: pure rules over what was seen."""

from collections.abc import Iterable

from core.outcome import Refusal
from fleet.postgres.mute import takes_no_queries
from fleet.postgres.view import ClusterView, NodeView

QUEUE = 128  # WAL files that wait: repmgr's critical number


def blocked(view: ClusterView, primary: NodeView) -> Iterable[Refusal]:
    """Say what would hold up a clean stop of the primary, or must not be cut off by it."""
    silent = {node.name: node for node in view.nodes.values() if not (node.reachable or takes_no_queries(node))}
    for sender in primary.replication:
        who = sender.slot or sender.application_name
        if sender.state == "backup":
            said = f"A base backup runs on {primary.name} ({sender.application_name})."
            yield Refusal("PROMOTE-BACKUP-RUNNING", said, "Wait until it ends.")
        elif silent.keys() & {sender.application_name, sender.slot}:
            said = f"{who} does not answer, but {primary.name} sends to it; a stop would wait for it."
            yield Refusal("PROMOTE-STANDBY-SILENT", said, silent[who].error if who in silent else f"Look at {who}.")
        elif sender.stuck:
            said = f"The WAL sender for {who} gets no answer; a stop would wait for it."
            hint = f"See what froze {who}, or: SELECT pg_terminate_backend({sender.pid}); on {primary.name}."
            yield Refusal("PROMOTE-STUCK-WALSENDER", said, hint)
    archiver = primary.archiver
    if archiver and archiver.failing:
        said = f"{primary.name} fails to archive {archiver.last_failed}."
        yield Refusal("PROMOTE-ARCHIVER-FAILING", said, "Mend archive_command: the archive would get a hole.")
    if archiver and archiver.ready >= QUEUE:
        said = f"{archiver.ready} WAL files wait for {primary.name}'s archiver."
        yield Refusal("PROMOTE-ARCHIVE-QUEUE", said, "Wait until they are archived: the stop would wait for them.")
