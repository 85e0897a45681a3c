"""The page as people use it: two of them side by side, what they type, and what they read."""

import pytest
from playwright.sync_api import Browser, expect

from sandbox.slack.server import StandIn
from tests.fixtures.desk import Desk
from tests.fixtures.slack_hands import SILENT, Hands, WireApp, eventually

pytest_plugins = ["tests.fixtures.slack_standin", "tests.fixtures.page"]
pytestmark = pytest.mark.chromium


def test_it_says_what_it_is(desk: Desk) -> None:
    words = "This is a stand-in for Slack, for tests and newcomers. Nothing here leaves this machine."
    expect(desk.page.get_by_text(words)).to_be_visible()
    expect(desk.column("ana").get_by_text("Nothing was said here yet")).to_be_visible()
    expect(desk.page.locator("#trouble")).to_be_hidden()


def test_a_command_reaches_the_app_as_the_person_who_typed_it(desk: Desk, app: WireApp) -> None:
    desk.type("ben", "/db promote  main db2")
    (payload,) = eventually(app.payloads)
    assert (payload["user_name"], payload["command"], payload["text"]) == ("ben", "/db", "promote  main db2")
    expect(desk.box("ben")).to_have_value("")


def test_what_both_see_and_what_one_sees(desk: Desk) -> None:
    desk.post("for all")
    desk.hands.api("chat.postEphemeral", channel="ops", user="U0ANA", text="for ana")
    expect(desk.last("ana")).to_contain_text("for ana")
    expect(desk.last("ana")).to_contain_text("Only visible to you")
    expect(desk.last("ben")).to_contain_text("for all")
    desk.last("ana").get_by_role("button", name="Dismiss").click()
    expect(desk.column("ana").locator("article")).to_have_count(1)


def test_a_column_becomes_somebody_else(desk: Desk) -> None:
    desk.hands.api("chat.postEphemeral", channel="ops", user="U0GIL", text="for gil")
    expect(desk.column("ben")).to_contain_text("dba")
    desk.column("ben").get_by_role("combobox", name="You are").select_option("gil")
    expect(desk.last("gil")).to_contain_text("for gil")
    expect(desk.column("gil").locator("header")).to_contain_text("guest")
    desk.type("gil", "hello from a guest")
    expect(desk.last("ana")).to_contain_text("gil")
    expect(desk.last("ana")).to_contain_text("hello from a guest")


def test_somebody_who_is_not_in_the_channel_is_told_so(desk: Desk) -> None:
    desk.hands.act("users", name="zoe", kind="stranger", channels=["random"])
    desk.post("news")
    desk.column("ben").get_by_role("combobox", name="You are").select_option("zoe")
    expect(desk.column("zoe").get_by_text("is not in #ops")).to_be_visible()


def test_the_arrows_bring_back_what_was_typed(desk: Desk, app: WireApp) -> None:
    assert app.sockets
    for text in ("/db one", "/db two"):
        desk.type("ana", text)
        expect(desk.box("ana")).to_have_value("")
    desk.box("ana").fill("a draft")
    for key, held in (("ArrowUp", "/db two"), ("ArrowUp", "/db one"), ("ArrowUp", "/db one"), ("ArrowDown", "/db two")):
        desk.box("ana").press(key)
        expect(desk.box("ana")).to_have_value(held)
    desk.box("ana").press("ArrowDown")
    expect(desk.box("ana")).to_have_value("a draft")


def test_what_was_refused_comes_back_into_the_line(desk: Desk) -> None:
    desk.type("ana", "/Db status")
    expect(desk.column("ana").get_by_role("alert")).to_contain_text("'/Db' is no command")
    expect(desk.box("ana")).to_have_value("/Db status")


def test_a_mention_reaches_the_app(desk: Desk, app: WireApp) -> None:
    desk.type("ana", "@seconder status, and @ben look")
    (payload,) = eventually(app.payloads)
    assert payload["event"]["type"] == "app_mention"
    expect(desk.last("ana").locator(".mention").first).to_have_text("@seconder")
    expect(desk.last("ben").locator(".mention.you")).to_have_text("@ben")


def test_replies_are_folded_and_open_in_place(desk: Desk) -> None:
    top = desk.post("a card")
    desk.post("first", thread_ts=top)
    desk.post("second", thread_ts=top)
    fold = desk.column("ana").get_by_role("button", name="2 replies")
    expect(desk.column("ana").get_by_text("second", exact=True)).to_be_hidden()
    fold.press("Enter")
    expect(desk.column("ana").get_by_text("second", exact=True)).to_be_visible()
    line = desk.column("ana").get_by_role("textbox", name="Reply in thread")
    line.fill("half a rep")
    desk.post("third", thread_ts=top)
    expect(desk.column("ana").get_by_role("button", name="3 replies")).to_be_visible()
    expect(line).to_have_value("half a rep")
    line.press("Enter")
    expect(desk.column("ben").get_by_role("button", name="4 replies")).to_be_visible()
    line.fill("/db status")
    line.press("Enter")
    expect(desk.column("ana").get_by_text("not supported in threads")).to_be_visible()


def test_an_app_that_does_not_answer_is_said_after_three_seconds(desk: Desk, app: WireApp) -> None:
    app.reply = lambda _frame: SILENT
    desk.type("ana", "/db status main")
    expect(desk.column("ana").get_by_text("Sent: /db status main")).to_be_visible()
    expect(desk.last("ana")).to_contain_text('/db failed with the error "operation_timeout"')
    expect(desk.column("ana").get_by_text("Sent: /db status main")).to_have_count(0)


def test_only_what_changed_is_drawn_again(desk: Desk) -> None:
    first, second = desk.post("first"), desk.post("second")
    desk.box("ana").fill("half a com")
    mark = "body => body.dataset.mark = 'old'"
    for ts in (first, second):
        desk.column("ana").locator(f'[data-ts="{ts}"] .body > *').evaluate(mark)
    desk.hands.api("chat.update", channel="ops", ts=second, text="second, edited")
    expect(desk.last("ana")).to_contain_text("second, edited")
    expect(desk.last("ana")).to_have_attribute("data-version", "2")
    expect(desk.column("ana").locator("[data-mark]")).to_have_text("first")
    expect(desk.box("ana")).to_have_value("half a com")
    expect(desk.box("ana")).to_be_focused()


def test_who_reads_older_messages_is_not_moved(desk: Desk) -> None:
    for n in range(30):
        desk.post(f"message {n}")
    log = desk.column("ana").get_by_role("log")
    expect(desk.last("ana")).to_contain_text("message 29")
    expect(desk.last("ana")).to_be_in_viewport()
    log.evaluate("log => { log.scrollTop = 0; }")
    desk.post("news")
    newer = desk.column("ana").get_by_role("button", name="New messages")
    expect(newer).to_be_visible()
    assert log.evaluate("log => log.scrollTop") == 0
    newer.click()
    expect(desk.last("ana")).to_be_in_viewport()
    expect(newer).to_be_hidden()
    log.evaluate("log => { log.scrollTop = 0; }")
    desk.type("ana", "my own")
    expect(desk.last("ana")).to_be_in_viewport()


def test_it_finds_a_stand_in_that_came_back(browser: Browser) -> None:
    page = browser.new_page()
    with StandIn() as first:
        desk = Desk(page, Hands(first.url))
        desk.post("in the old world")
        page.goto(first.url)
        expect(desk.last("ana")).to_contain_text("in the old world")
    expect(desk.column("ana").get_by_text("The stand-in does not answer")).to_be_visible()
    with StandIn(port=first.port):
        desk.post("in the new world")
        expect(desk.last("ana")).to_contain_text("in the new world")
        expect(desk.column("ana").locator("article")).to_have_count(1)
        expect(desk.column("ana").get_by_text("The stand-in does not answer")).to_be_hidden()
    page.close()
