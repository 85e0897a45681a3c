"""Cards on the page: how Slack's markup and blocks look, what pressing does, and that hostile text is only text."""

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.fixtures.desk import Desk, option, plain, section
from tests.fixtures.slack_hands import WireApp, button, card, eventually

pytest_plugins = ["tests.fixtures.slack_standin", "tests.fixtures.page"]
pytestmark = pytest.mark.chromium
Json = dict[str, Any]
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>\u202eevil"
CONFIRM = {
    "title": plain("Lose data?"),
    "text": plain("db2 lacks 4 MB."),
    "confirm": plain("Lose it"),
    "deny": plain("Wait"),
}
MARKUP = [
    ("*bold* _italic_ ~strike~ `code`", "<strong>bold</strong> <em>italic</em> <s>strike</s> <code>code</code>"),
    ("*~db1~ → `db2`*", "<strong><s>db1</s> → <code>db2</code></strong>"),
    ("2 * 3 * 4, snake_case_name, a~b~c", "2 * 3 * 4, snake_case_name, a~b~c"),
    ("`*not bold* :lock:`", "<code>*not bold* :lock:</code>"),
    ("&lt;b&gt; &amp;amp; <b>", "&lt;b&gt; &amp;amp; b"),
    (":red_circle: :octagonal_sign: :unheard_of:", "🔴 🛑 :unheard_of:"),
    ("one\n• two\n  three", "one\n• two\n  three"),
    ("<https://a.example/?b=1&amp;c=2|see>", '<a href="https://a.example/?b=1&amp;c=2" rel="noopener noreferrer"'),
    ("<javascript:alert(1)|see>", "see (javascript:alert(1))"),
    ("<@U0BEN> <@U0ANA|x> <@U0XX|old>", '<bdi class="mention">@ben</bdi> <bdi class="mention you">@ana</bdi>'),
    ("<#C0OPS|ops> <!channel> <!subteam^S1|@dba>", '<bdi class="mention">@dba</bdi>'),
    ("<!date^x^{time}|14:32 UTC>", "14:32 UTC"),
    ("&gt; said\n&gt; twice\nafter", "<blockquote>said\ntwice</blockquote><p>after</p>"),
    ("a\n```\n1 &lt; 2 *x*\n```\nb", "<p>a</p><pre>1 &lt; 2 *x*</pre><p>b</p>"),
]
READ = """async (text) => {
  const { mrkdwn } = await import("/mrkdwn.js");
  return mrkdwn(text, { me: "U0ANA", people: { U0ANA: "ana", U0BEN: "ben" } }).innerHTML;
}"""


def show(desk: Desk, *blocks: Json, text: str = "A card") -> Locator:
    ts = desk.post(text, blocks=list(blocks))
    return desk.column("ana").locator(f'[data-ts="{ts}"]')


def actions(app: WireApp) -> list[Json]:
    return [payload["actions"][0] for payload in app.payloads() if payload.get("type") == "block_actions"]


def test_markup_becomes_what_slack_makes_of_it(desk: Desk) -> None:
    for text, wanted in MARKUP:
        assert wanted in desk.page.evaluate(READ, text), text


def test_times_are_in_the_readers_zone(desk: Desk) -> None:
    moments = "<!date^1790000000^{date_num} {time_secs}|fallback> <!date^1790000000^{date} {time}|fallback>"
    shown = show(desk, section(moments))
    expect(shown.locator(".card")).to_have_text("2026-09-21 19:43:20 21 September 2026 19:43")


def test_hostile_text_is_only_text(desk: Desk) -> None:
    escaped = HOSTILE.replace("<", "&lt;").replace(">", "&gt;")
    shown = show(
        desk,
        {"type": "header", "text": plain(HOSTILE[:150])},
        section(f"{HOSTILE} *{escaped}* <javascript:alert(3)|{escaped}> ```{escaped}```"),
        {"type": "context", "elements": [{"type": "mrkdwn", "text": escaped}]},
        {"type": "markdown", "text": f"**{HOSTILE}** [x](javascript:alert(4))"},
        {"type": "table", "rows": [[{"type": "raw_text", "text": HOSTILE}]]},
        {"type": "actions", "elements": [button("b", HOSTILE[:75])]},
    )
    desk.hands.act("say", user="cy", channel="ops", text=HOSTILE)
    expect(desk.last("ana")).to_contain_text("<img src=x onerror=alert(1)><script>alert(2)</script>")
    expect(shown.locator("h3")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(shown.locator("td, th")).to_contain_text("<script>alert(2)</script>")
    assert desk.page.locator("#people :is(img, script, iframe, [onerror], [href^='javascript'])").count() == 0
    assert desk.page.title() == "Stand-in for Slack"


def test_every_kind_of_block_says_something(desk: Desk) -> None:
    rich = {"type": "rich_text_section", "elements": [{"type": "text", "text": "strong", "style": {"bold": True}}]}
    listed = {"type": "rich_text_list", "style": "ordered", "elements": [rich]}
    shown = show(
        desk,
        {
            "type": "section",
            "fields": [{"type": "mrkdwn", "text": "*Lag*\n1.2 MiB"}],
            "accessory": button("more", "More"),
        },
        {"type": "divider"},
        {"type": "rich_text", "elements": [rich, listed]},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "node"}], [{"type": "raw_text", "text": "db2"}]]},
        {"type": "markdown", "text": "# Title\n- item with **weight**\n\n```\nSELECT 1\n```"},
        {"type": "container", "title": plain("Details"), "is_collapsible": True, "child_blocks": [section("inside")]},
        {"type": "plan"},
    )
    for selector in (
        ".fields strong",
        "hr",
        "ol li strong",
        "thead th",
        "tbody td",
        "ul li strong",
        "pre",
        "details summary",
    ):
        expect(shown.locator(selector)).to_have_count(1)
    expect(shown.get_by_role("button", name="More")).to_be_visible()
    expect(shown.get_by_text("[a plan, which this stand-in does not draw]")).to_be_visible()
    expect(shown).to_have_attribute("aria-label", "seconder: A card")


def test_a_message_without_blocks_shows_its_text(desk: Desk) -> None:
    desk.post("*plain* words")
    expect(desk.last("ana").locator("strong")).to_have_text("plain")


def test_a_picture_from_elsewhere_is_named_and_not_fetched(desk: Desk) -> None:
    shown = show(desk, {"type": "image", "image_url": "https://example.org/lag.png", "alt_text": "Lag of db2"})
    expect(shown).to_contain_text("Picture: Lag of db2")


def test_pressing_sends_the_rendering_that_was_seen(desk: Desk, app: WireApp) -> None:
    shown = show(desk, *card(button("go", "Go", style="primary", value="r-1"), button("no", "No", style="danger")))
    expect(shown.locator('[data-action-id="no"]')).to_have_class("danger")
    shown.locator('[data-action-id="go"]').focus()
    desk.page.keyboard.press("Enter")
    expect(shown.locator('[data-action-id="go"]')).to_be_focused()
    (action,) = eventually(lambda: actions(app))
    assert (action["action_id"], action["value"], action["block_id"]) == ("go", "r-1", "buttons")
    assert app.payloads()[-1]["user"]["name"] == "ana"


def test_a_button_that_asks_first(desk: Desk, app: WireApp) -> None:
    shown = show(desk, *card(button("lose", "Approve, lose ≤ 16 MB…", confirm=CONFIRM)))
    press = shown.get_by_role("button", name="Approve, lose")
    for answer in ("Wait", "Close window"):
        press.click()
        expect(desk.window("ana")).to_contain_text("db2 lacks 4 MB.")
        expect(desk.window("ben")).to_have_count(0)
        desk.window("ana").get_by_role("button", name=answer).click()
        expect(desk.window("ana")).to_have_count(0)
        expect(press).to_be_focused()
    press.click()
    desk.page.keyboard.press("Escape")
    expect(press).to_be_focused()
    assert actions(app) == []
    press.click()
    desk.window("ana").get_by_role("button", name="Lose it").click()
    assert eventually(lambda: actions(app))[0]["action_id"] == "lose"


def test_menus_send_what_was_chosen(desk: Desk, app: WireApp) -> None:
    options = [option("db1"), option("db2")]
    pick = {"type": "static_select", "action_id": "pick", "placeholder": plain("Which?"), "options": options}
    more = {"type": "overflow", "action_id": "more", "options": options}
    shown = show(desk, {"type": "actions", "elements": [pick, more]})
    shown.get_by_role("combobox", name="Which?").select_option("db2")
    (picked,) = eventually(lambda: actions(app))
    assert picked["selected_option"]["value"] == "db2"
    shown.locator('[data-action-id="more"] summary').press("Enter")
    shown.get_by_role("button", name="Db1").press("Enter")
    assert eventually(lambda: actions(app)[1:])[0]["selected_option"]["value"] == "db1"
    expect(shown.get_by_role("button", name="Db1")).to_be_hidden()
