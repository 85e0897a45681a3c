# Every target works as the first and only command of a fresh checkout; nothing here calls a system's package manager.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PY := .venv/bin/python
READY := .venv/.ready
# Tests mostly wait for real servers: two processes halve the time, more of them get in each other's way.
WORKERS := 2
# A .venv that was made elsewhere (the checkout was moved), or whose Python is gone, is made again.
STALE := $(shell [ "$$(cat $(READY) 2>/dev/null)" = "$$(pwd -P)" ] && $(PY) -c '' 2>/dev/null || rm -f $(READY))

help:
	@echo "make demo          a real PostgreSQL cluster, a Slack stand-in and the bot, on this machine only"
	@echo "make demo TOUR=1   the same, playing the main job and ending"
	@echo "make test          all tests; what needs a real server and has none is skipped, and said"
	@echo "make check         lint, types, architecture"
	@echo "make bench         figures beside references [ONLY=name]"
	@echo "make peers         fetch Patroni, apart, for figures and tests beside it"
	@echo "make mutants       how many small faults in the gate its tests notice (about a quarter of an hour)"
	@echo "make soak          races, kills, forgeries, hostile values and switchovers, many times over (about two hours)"
	@echo "make docs          write docs/actions.md anew"
	@echo "make setup         only prepare .venv"
	@echo "make clean         remove what the others made"

setup: $(READY)

$(READY): requirements-dev.txt pyproject.toml setup.sh
	@sh setup.sh

demo: $(READY)
	@.venv/bin/seconder demo $(if $(filter-out 0 no,$(TOUR)),--tour)

test: $(READY)
	@$(PY) -m pytest -n $(WORKERS) --dist worksteal $(PYTEST)

check: $(READY)
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@$(PY) -m pytest -q -p no:randomly tests/test_architecture.py

mutants: $(READY)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-mutants.txt
	@$(PY) -m mutants

soak: $(READY)
	@SECONDER_SOAK=1 $(PY) -m pytest tests/gate/test_races.py tests/gate/test_machine.py tests/kills tests/audit tests/contract \
		tests/actions tests/scenario/test_endurance.py tests/scenario/test_bot_killed.py $(PYTEST)

docs: $(READY)
	@$(PY) -m bot.table --write

peers: $(READY)
	@$(PY) -m bench.peers.packages

bench: $(READY)
	@$(PY) -m bench $(ONLY)

clean:
	@if [ -x $(PY) ]; then $(PY) -m sandbox --clean; fi
	@rm -rf .venv .seconder .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help setup demo test check mutants soak docs peers bench clean
