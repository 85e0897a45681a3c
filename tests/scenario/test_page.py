"""The page in a real browser: a newcomer promotes a standby with two people's consent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.fixtures.page import browser
from tests.fixtures.product import Demo, demo_in

__all__ = ["browser"]

pytestmark = [pytest.mark.postgres, pytest.mark.chromium]

SLOW = 30_000  # milliseconds


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Demo]:
    assert browser.is_connected()
    with demo_in(tmp_path_factory.mktemp("page") / "home") as running:
        yield running


@pytest.fixture
def page(browser: Browser, demo: Demo) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1400, "height": 900})
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.goto(demo.facts["url"])
    yield opened
    opened.close()
    assert wrong == []


def column(page: Page, person: str) -> Locator:
    return page.locator(f'[data-person="{person}"]')


def say(page: Page, person: str, text: str) -> None:
    box = column(page, person).get_by_role("textbox", name="Message #ops")
    box.fill(text)
    box.press("Enter")


def test_two_people_promote_a_standby_on_the_page(page: Page) -> None:
    expect(page.get_by_text("This is a stand-in for Slack")).to_be_visible()
    say(page, "ana", "/db promote main db2")
    ana, ben = column(page, "ana"), column(page, "ben")
    expect(ben.get_by_text("Switch main: db1 → db2")).to_be_visible(timeout=SLOW)
    ana.locator('[data-action-id="request.approve"]').click()
    expect(ana.get_by_text("your approval does not count")).to_be_visible(timeout=SLOW)
    ben.locator('[data-action-id="request.approve"]').click()
    window = ben.get_by_role("dialog")
    window.get_by_role("textbox").fill("db1")
    window.get_by_role("button", name="Approve").click()
    expect(window.get_by_role("alert")).to_contain_text("not “db2”", timeout=SLOW)
    window.get_by_role("textbox").fill("db2")
    window.get_by_role("button", name="Approve").click()
    expect(ana.get_by_text("· succeeded")).to_be_visible(timeout=SLOW)
    expect(ana.locator('[data-action-id="request.approve"]')).to_have_count(0)
    expect(page.locator('[data-node="db2"]')).to_have_attribute("data-role", "primary", timeout=SLOW)
    expect(page.locator('[data-figure="writing to"]')).to_have_text("db2", timeout=SLOW)


def test_what_is_hostile_is_inert(page: Page, demo: Demo) -> None:
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script> *bold* <javascript:alert(3)|click>"
    demo.post("/sandbox/say", user="cy", channel="ops", text=hostile)
    shown = column(page, "ana").locator("article").last
    expect(shown).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("#people img, #people script, a[href^='javascript']").count() == 0


def test_a_window_closes_with_escape_and_commands_to_try_fill_the_box(page: Page) -> None:
    page.locator("#trouble").get_by_role("button", name="/db status main").click()
    box = column(page, "ana").get_by_role("textbox", name="Message #ops")
    expect(box).to_have_value("/db status main")
    box.press("Enter")
    expect(column(page, "ana").get_by_text("healthy").last).to_be_visible(timeout=SLOW)
    expect(column(page, "ben").get_by_text("healthy")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 900, 420])
def test_nothing_runs_over_the_edge(browser: Browser, demo: Demo, scheme: str, width: int, tmp_path: Path) -> None:
    opened = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    opened.goto(demo.facts["url"])
    expect(opened.locator('[data-person="ana"]')).to_be_visible()
    over = opened.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    opened.screenshot(path=tmp_path / "page.png")
    opened.close()
    assert over <= 0
