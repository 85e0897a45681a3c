"""`python -m bench [NAME]`: prints one table, and writes the same to $SECONDER_HOME/bench.json."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import ack, beside_peers, busy, failover, record, resync, switchover
from bench.table import HEAD, Row

CASES: dict[str, Callable[[], Iterator[Row]]] = {
    "switchover": switchover.measure,
    "peers": beside_peers.measure,
    "failover": failover.measure,
    "resync": resync.measure,
    "ack": ack.measure,
    "busy": busy.measure,
    "append": record.append,
    "verify": record.verify,
    "log": record.big_log,
}


def main(names: list[str]) -> int:
    """Measure what is named, or everything."""
    unknown = [name for name in names if name not in CASES]
    if unknown:
        sys.stderr.write(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(CASES)}.\n")
        return 2
    rows: list[Row] = []
    for name in names or CASES:
        sys.stderr.write(f"measuring {name} …\n")
        rows += CASES[name]()
    print(HEAD)
    for row in rows:
        print(row.line())
    home = Path(os.environ.get("SECONDER_HOME") or ".seconder")
    home.mkdir(parents=True, exist_ok=True)
    (home / "bench.json").write_text(json.dumps([row.to_json() for row in rows], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
