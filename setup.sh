#!/bin/sh
# Makes .venv from the hashed lock. Quiet when all is well; says what to do when it is not.
set -eu

say() { printf '%s\n' "$*" >&2; }

find_python() {
    for name in ${PYTHON:-} python3.14 python3.13 python3.12 python3.11 python3 python; do
        command -v "$name" >/dev/null 2>&1 || continue
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
}

python=$(find_python)
if [ -z "$python" ]; then
    say "Seconder needs Python 3.11 or newer, and there is none on PATH."
    say "Install one, or name it: make PYTHON=/path/to/python3.12 …"
    exit 1
fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    say "$python has no venv module. On Debian and Ubuntu: install the package python3-venv."
    exit 1
fi

say "Preparing .venv with $("$python" --version) (once; about half a minute) …"
rm -rf .venv
"$python" -m venv .venv
log=.venv/setup.log
if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    say "The packages could not be had. Is the package index reachable from here? A proxy or a mirror is set in pip's own"
    say "configuration (pip config set global.index-url …); every package is checked against its hash in requirements-dev.txt."
    exit 1
fi
if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . >>"$log" 2>&1; then
    tail -n 5 "$log" >&2
    say "Seconder itself could not be installed into .venv; the lines above say why."
    exit 1
fi
pwd -P >.venv/.ready
