"""How the page looks: readable in light and dark, nothing over the edge; and the panel of trouble beside it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.slack.server import StandIn
from tests.fixtures.desk import Desk, plain, section
from tests.fixtures.slack_hands import Hands, button, card

pytest_plugins = ["tests.fixtures.slack_standin", "tests.fixtures.page"]
pytestmark = pytest.mark.chromium
Json = dict[str, Any]
FAINT = """() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const parts = [0.2126, 0.7152, 0.0722];
  const light = (color) => parts.reduce((sum, part, n) => sum + part * linear(color[n] / 255), 0);
  const ground = (node) => {
    const color = numbers(getComputedStyle(node).backgroundColor);
    return (color[3] ?? 1) === 1 ? color : ground(node.parentElement);
  };
  const ratio = (node) => {
    const [a, b] = [light(numbers(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  const own = (node) => [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
  const seen = (node) => own(node) && node.checkVisibility() && !node.closest("svg, option");
  const all = [...document.body.querySelectorAll("*")].filter(seen);
  return all.map((one) => [one.textContent.trim().slice(0, 40), ratio(one)]).filter((each) => each[1] < 4.5);
}"""
CUT = """() => [...document.querySelectorAll("main *, aside, aside *")]
  .filter((one) => one.clientWidth && one.scrollWidth > one.clientWidth + 1)
  .filter((one) => !one.matches(".doing, .error, .wide, input, select, svg *"))
  .filter((one) => getComputedStyle(one).display !== "inline")
  .map((one) => one.className || one.localName)"""


@dataclass
class World:
    """A panel with a world that stands still."""

    done: list[str] = field(default_factory=list)
    dead: bool = False

    def state(self) -> Json:
        roles = ("down" if self.dead else "primary", "standby", "standby")
        nodes = [
            {"name": f"db{n}", "port": 4000 + n, "alive": role != "down", "frozen": n == 2, "role": role}
            for n, role in enumerate(roles, start=1)
        ]
        gap, to = (7.5, None) if self.dead else (0.0, "db1")
        writer = {
            "rows": 12345,
            "longest_gap_s": 7.5,
            "gap_now_s": gap,
            "writing_to": to,
            "last_error": "2026-11-21T05:49:00.9Z nobody there, at 127.0.0.1:4001 or elsewhere",
        }
        return {
            "writer": writer,
            "nodes": nodes,
            "bot": {"alive": not self.dead, "pid": 77},
            "try": ["/db status main"],
        }

    def trouble(self, kind: str) -> Json:
        self.done.append(kind)
        self.dead = kind == "kill-primary"
        return {"ok": self.dead, "said": "db1 is dead (SIGKILL)." if self.dead else "No node is frozen."}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def demo(world: World) -> Iterator[StandIn]:
    with StandIn(panel=world) as running:
        desk_hands = Hands(running.url)
        long = "r-1m7y8a4mfw39zvrfrs" * 6
        blocks = [
            section(f"🟡 *Switch* `{long}` {long} ~db1~ <@U0ANA> <https://a.example|a link>\n> quoted\n```{long}```")
        ]
        blocks += [{"type": "context", "elements": [{"type": "mrkdwn", "text": "small `print`"}]}]
        blocks += card(button("a", "Approve promote db2…", style="primary"), button("b", "Lose", style="danger"))
        blocks += [{"type": "header", "text": plain("Header")}]
        rows = [[{"type": "raw_text", "text": long} for _ in range(4)]] * 2
        blocks += [{"type": "table", "rows": rows}]
        desk_hands.api("chat.postMessage", channel="ops", text="card", blocks=blocks)
        desk_hands.api("chat.postEphemeral", channel="ops", user="U0ANA", text="`for` ana, <@U0BEN>")
        yield running


def opened(browser: Browser, demo: StandIn, width: int, scheme: Literal["light", "dark"]) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.goto(demo.url)
    expect(page.locator('[data-person="ana"] article').last).to_be_visible()
    expect(page.locator("[data-node]")).to_have_count(3)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read(browser: Browser, demo: StandIn, scheme: Literal["light", "dark"]) -> None:
    page = opened(browser, demo, 1280, scheme)
    page.locator('[data-trouble="thaw-standby"]').click()
    expect(page.locator(".outcome")).to_have_text("No node is frozen.")
    assert page.evaluate(FAINT) == []
    page.close()


@pytest.mark.parametrize("width", [1280, 900, 420])
def test_nothing_is_cut_off(browser: Browser, demo: StandIn, world: World, width: int) -> None:
    world.dead = True
    page = opened(browser, demo, width, "light")
    expect(page.get_by_text("bot, not running")).to_be_visible()
    assert page.evaluate(CUT) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    first, second = (page.locator(f'[data-person="{name}"]').bounding_box() for name in ("ana", "ben"))
    assert first is not None
    assert second is not None
    assert (first["y"] == second["y"]) is (width >= 900)
    page.close()


def test_the_panel_fits_beside_the_people(browser: Browser, demo: StandIn) -> None:
    page = opened(browser, demo, 1280, "light")
    panel = page.locator("#trouble")
    assert panel.evaluate("panel => panel.scrollHeight <= panel.clientHeight")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    page.close()


def test_the_panel_says_how_the_world_is(browser: Browser, demo: StandIn, world: World) -> None:
    page = opened(browser, demo, 1280, "light")
    expect(page.locator('[data-node="db1"]')).to_have_text("◆db1primary")
    expect(page.locator('[data-node="db2"]')).to_have_text("‖db2standby, frozen")
    for figure, shown in (("rows acknowledged", "12,345"), ("writing to", "db1"), ("longest gap", "7.50 s")):
        expect(page.locator(f'[data-figure="{figure}"]')).to_have_text(shown)
    page.get_by_role("button", name="Kill the primary").click()
    expect(page.get_by_text("db1 is dead (SIGKILL).")).to_be_visible()
    expect(page.locator('[data-node="db1"]')).to_have_text("✕db1down")
    expect(page.locator('[data-figure="writing to"]')).to_have_text("nobody")
    expect(page.locator('[data-figure="gap now"]')).to_have_text("7.50 s")
    expect(page.get_by_text("nobody there, at 127.0.0.1:4001 or elsewhere", exact=True)).to_be_visible()
    expect(page.get_by_text("bot, not running")).to_be_visible()
    assert world.done == ["kill-primary"]
    page.close()


def test_every_trouble_has_a_button(browser: Browser, demo: StandIn, world: World) -> None:
    page = opened(browser, demo, 1280, "light")
    kinds = ["freeze-standby", "thaw-standby", "restart-bot", "change-cluster", "start-node", "kill-primary"]
    for kind in kinds:
        page.locator(f'[data-trouble="{kind}"]').click()
        expect(page.locator(f'[data-trouble="{kind}"]')).to_be_enabled()
    assert world.done == kinds
    page.close()


def test_a_command_to_try_goes_to_who_typed_last(browser: Browser, demo: StandIn) -> None:
    page = opened(browser, demo, 1280, "light")
    desk = Desk(page, Hands(demo.url))
    command = page.get_by_role("button", name="/db status main")
    command.click()
    expect(desk.box("ana")).to_have_value("/db status main")
    expect(desk.box("ana")).to_be_focused()
    desk.box("ben").focus()
    command.click()
    expect(desk.box("ben")).to_have_value("/db status main")
    page.close()
