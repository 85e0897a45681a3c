"""What all tests share: a scrubbed environment, what they measured, and the line that says how much was real."""

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.fixtures.stores import any_store, server_url

__all__ = ["any_store", "server_url"]

PARTS = ("postgres", "sshd", "chromium")
KEPT = {"SECONDER_REQUIRE", "SECONDER_PG_BIN"}
SCRUBBED = ("SECONDER_", "SLACK_", "PG")

_real: Counter[str] = Counter()
_skipped: Counter[str] = Counter()
_figures: list[str] = []


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(SCRUBBED) and name not in KEPT:
            monkeypatch.delenv(name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:  # with the report, for it may come from another process
        item.user_properties += [("real", mark.name) for mark in item.iter_markers() if mark.name in PARTS]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.passed:
        _real.update({str(part) for name, part in report.user_properties if name == "real"})
    if report.when == "call":
        _figures.extend(str(line) for name, line in report.user_properties if name == "figures")
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _skipped[reason.removeprefix("Skipped: ")] += 1


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    yield
    for line in _figures:
        terminalreporter.write_line(line)
    why = "; ".join(f"{count} x {reason}" for reason, count in _skipped.items())
    real = ", ".join(f"{part} {_real[part]}" for part in PARTS)
    terminalreporter.write_line(f"real: {real}; skipped: {sum(_skipped.values())}{f' ({why})' if why else ''}")
