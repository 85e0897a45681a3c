"""Windows over one person's column: what is typed stays, what is wrong stands under its block."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.fixtures.desk import Desk, field, option, plain, section
from tests.fixtures.slack_hands import SILENT, WireApp, eventually, modal, text_input

pytest_plugins = ["tests.fixtures.slack_standin", "tests.fixtures.page"]
pytestmark = pytest.mark.chromium
Json = dict[str, Any]
OPTIONS = [option("db1"), option("db2")]
FORM = modal(
    section("*Switch main: db1 → db2*"),
    text_input("target", "typed", max_length=20),
    field("why", {"type": "plain_text_input", "action_id": "text", "multiline": True}, optional=True),
    field("node", {"type": "static_select", "action_id": "node", "options": OPTIONS}, hint=plain("The new primary")),
    field("verdict", {"type": "radio_buttons", "action_id": "said", "options": OPTIONS, "initial_option": OPTIONS[0]}),
    field("notes", {"type": "checkboxes", "action_id": "boxes", "options": OPTIONS}),
    title=plain("Approve promote"),
    submit=plain("Approve"),
)


def opened(desk: Desk, app: WireApp, view: Json = FORM, person: str = "ben") -> Json:
    """Open a view for somebody, as an app does after a command."""
    desk.type(person, "/db ask")
    trigger = eventually(app.payloads)[-1]["trigger_id"]
    answer = desk.hands.api("views.open", trigger_id=trigger, view=view)
    assert answer["ok"], answer
    expect(desk.window(person)).to_be_visible()
    found: Json = answer["view"]
    return found


def submissions(app: WireApp) -> list[Json]:
    return [
        payload["view"]["state"]["values"] for payload in app.payloads() if payload.get("type") == "view_submission"
    ]


def test_what_was_filled_in_is_sent(desk: Desk, app: WireApp) -> None:
    opened(desk, app)
    window = desk.window("ben")
    expect(window.get_by_role("textbox", name="Reason")).to_be_focused()
    window.get_by_role("textbox", name="Reason").fill("db2")
    window.get_by_role("textbox", name="Why").fill("two\nlines")
    window.get_by_role("combobox", name="Node").select_option("db2")
    window.get_by_role("radio", name="Db2").check()
    window.get_by_role("checkbox", name="Db1").check()
    window.get_by_role("button", name="Approve").click()
    expect(window).to_have_count(0)
    (values,) = submissions(app)
    assert values["target"]["typed"]["value"] == "db2"
    assert values["why"]["text"]["value"] == "two\nlines"
    assert values["node"]["node"]["selected_option"]["value"] == "db2"
    assert values["verdict"]["said"]["selected_option"]["value"] == "db2"
    assert [each["value"] for each in values["notes"]["boxes"]["selected_options"]] == ["db1"]
    expect(desk.box("ben")).to_be_focused()


def test_what_is_wrong_stands_under_its_block(desk: Desk, app: WireApp) -> None:
    app.reply = lambda frame: (
        {"response_action": "errors", "errors": {"target": "That is not “db2”."}}
        if frame["payload"].get("type") == "view_submission"
        else None
    )
    opened(
        desk, app, modal(text_input("target", "typed"), field("why", {"type": "plain_text_input", "action_id": "t"}))
    )
    window = desk.window("ben")
    window.get_by_role("textbox", name="Reason").fill("db1")
    window.get_by_role("textbox", name="Reason").press("Enter")
    expect(window.locator('[data-block-id="why"]').get_by_role("alert")).to_have_text(
        "Please complete this required field."
    )
    window.get_by_role("textbox", name="Why").fill("x")
    window.get_by_role("button", name="Send").click()
    expect(window.locator('[data-block-id="target"]').get_by_role("alert")).to_have_text("That is not “db2”.")
    expect(window.get_by_role("alert")).to_have_count(1)
    expect(window.get_by_role("textbox", name="Reason")).to_have_value("db1")
    expect(window.get_by_role("textbox", name="Reason")).to_have_attribute("aria-invalid", "true")
    expect(window.get_by_role("textbox", name="Reason")).to_be_focused()


def test_what_is_typed_outlives_an_update(desk: Desk, app: WireApp) -> None:
    view = opened(desk, app)
    reason = desk.window("ben").get_by_role("textbox", name="Reason")
    reason.fill("half a wo")
    desk.post("meanwhile")
    expect(desk.last("ana")).to_contain_text("meanwhile")
    fresh = FORM | {"blocks": [section("It changed."), *FORM["blocks"][1:]]}
    assert desk.hands.api("views.update", view_id=view["id"], view=fresh)["ok"]
    expect(desk.window("ben")).to_contain_text("It changed.")
    expect(reason).to_have_value("half a wo")
    expect(reason).to_be_focused()


def test_it_covers_one_persons_column_only(desk: Desk, app: WireApp) -> None:
    desk.box("ana").fill("half a com")
    desk.hands.command("ask", user="ben")
    trigger = app.payloads()[-1]["trigger_id"]
    desk.hands.api("views.open", trigger_id=trigger, view=FORM)
    expect(desk.window("ben")).to_be_visible()
    expect(desk.box("ana")).to_be_focused()
    over, beside = desk.column("ben").locator(".over").bounding_box(), desk.column("ana").bounding_box()
    assert over is not None
    assert beside is not None
    assert over["x"] >= beside["x"] + beside["width"]
    desk.box("ana").press("Enter")
    expect(desk.last("ben")).to_contain_text("half a com")


def test_escape_closes_and_the_app_hears_of_it(desk: Desk, app: WireApp) -> None:
    opened(desk, app, FORM | {"notify_on_close": True})
    desk.page.keyboard.press("Escape")
    expect(desk.window("ben")).to_have_count(0)
    assert eventually(lambda: [one for one in app.payloads() if one.get("type") == "view_closed"])
    expect(desk.box("ben")).to_be_focused()


def test_tab_stays_out_of_what_lies_under_it(desk: Desk, app: WireApp) -> None:
    opened(desk, app, modal())
    under = "document.activeElement.closest('[data-person=ben]') && !document.activeElement.closest('[role=dialog]')"
    for _ in range(12):
        desk.page.keyboard.press("Tab")
        assert not desk.page.evaluate(under)


def test_a_view_on_a_view_and_back(desk: Desk, app: WireApp) -> None:
    app.reply = lambda frame: (
        {"response_action": "push", "view": modal(section("second"), title=plain("Two"))}
        if frame["payload"].get("type") == "view_submission"
        else None
    )
    opened(desk, app, modal(section("first"), title=plain("One")))
    desk.window("ben").get_by_role("button", name="Send").click()
    expect(desk.window("ben").get_by_role("heading")).to_have_text("Two")
    desk.page.keyboard.press("Escape")
    expect(desk.window("ben").get_by_role("heading")).to_have_text("One")


def test_an_app_that_does_not_answer_leaves_the_window_open(desk: Desk, app: WireApp) -> None:
    opened(desk, app, modal())
    app.reply = lambda _frame: SILENT
    window = desk.window("ben")
    window.get_by_role("textbox").fill("because")
    window.get_by_role("button", name="Send").click()
    expect(window.get_by_text("We had some trouble connecting")).to_be_visible()
    expect(window.get_by_role("textbox")).to_have_value("because")


def choices(app: WireApp) -> list[Json]:
    return [payload for payload in app.payloads() if payload.get("type") == "block_actions"]


def told(app: WireApp, count: int) -> Json:
    """Give what stood in the window when the bot heard of the ``count``-th choice, the newest."""
    newest = eventually(lambda: choices(app)[count - 1 : count])[0]
    values: Json = newest["view"]["state"]["values"]
    return values


def test_a_choice_is_told_at_once_and_the_window_follows(desk: Desk, app: WireApp) -> None:
    menu = {"type": "static_select", "action_id": "node", "options": OPTIONS}
    node = field("node", menu, dispatch_action=True)
    view = opened(desk, app, modal(text_input("target", "typed"), node))
    window = desk.window("ben")
    window.get_by_role("textbox", name="Reason").fill("half a wo")
    window.get_by_role("combobox", name="Node").focus()
    window.get_by_role("combobox", name="Node").select_option("db2")
    values = told(app, 1)
    assert values["node"]["node"]["selected_option"]["value"] == "db2"
    assert values["target"]["typed"]["value"] == "half a wo"
    more = modal(text_input("target", "typed"), node, section("*db2* it is."))
    assert desk.hands.api("views.update", view_id=view["id"], view=more)["ok"]
    expect(window).to_contain_text("db2 it is.")
    expect(window.get_by_role("combobox", name="Node")).to_have_value("db2")
    expect(window.get_by_role("combobox", name="Node")).to_be_focused()
    expect(window.get_by_role("textbox", name="Reason")).to_have_value("half a wo")
    other = field("node", menu | {"options": [option("db1"), option("db3")]}, dispatch_action=True)
    assert desk.hands.api("views.update", view_id=view["id"], view=modal(other))["ok"]
    expect(window.get_by_role("textbox", name="Reason")).to_have_count(0)
    expect(window.get_by_role("combobox", name="Node")).to_have_value("")
    window.get_by_role("combobox", name="Node").select_option("db3")
    assert told(app, 2)["node"]["node"]["selected_option"]["value"] == "db3"
    window.get_by_role("combobox", name="Node").select_option("")
    assert told(app, 3)["node"]["node"]["selected_option"] is None


def test_radio_buttons_and_boxes_tell_too(desk: Desk, app: WireApp) -> None:
    view = modal(
        field("verdict", {"type": "radio_buttons", "action_id": "said", "options": OPTIONS}, dispatch_action=True),
        field("notes", {"type": "checkboxes", "action_id": "boxes", "options": OPTIONS}, dispatch_action=True),
    )
    made = opened(desk, app, view)
    window = desk.window("ben")
    window.get_by_role("radio", name="Db1").focus()
    desk.page.keyboard.press("Space")
    told(app, 1)
    desk.page.keyboard.press("ArrowDown")
    assert told(app, 2)["verdict"]["said"]["selected_option"]["value"] == "db2"
    assert desk.hands.api("views.update", view_id=made["id"], view=view | {"title": plain("Again")})["ok"]
    expect(window.get_by_role("heading")).to_have_text("Again")
    expect(window.get_by_role("radio", name="Db2")).to_be_checked()
    expect(window.get_by_role("radio", name="Db2")).to_be_focused()
    window.get_by_role("checkbox", name="Db1").check()
    assert [one["value"] for one in told(app, 3)["notes"]["boxes"]["selected_options"]] == ["db1"]
    window.get_by_role("checkbox", name="Db1").uncheck()
    assert told(app, 4)["notes"]["boxes"]["selected_options"] == []


def test_text_tells_on_enter_where_the_app_asked_for_that_and_the_window_is_not_sent(desk: Desk, app: WireApp) -> None:
    opened(desk, app, modal(text_input("target", "typed") | {"dispatch_action": True}))
    reason = desk.window("ben").get_by_role("textbox", name="Reason")
    reason.fill("db2")
    reason.press("Enter")
    assert told(app, 1)["target"]["typed"]["value"] == "db2"
    assert submissions(app) == []
    expect(reason).to_have_value("db2")


def test_a_menu_beside_text_keeps_its_choice_when_the_window_changes(desk: Desk, app: WireApp) -> None:
    menu = {"type": "static_select", "action_id": "node", "options": OPTIONS, "placeholder": plain("Which node")}
    beside = section("The new primary") | {"block_id": "node", "accessory": menu}
    view = opened(desk, app, modal(beside, text_input()))
    desk.window("ben").get_by_role("combobox", name="Which node").select_option("db2")
    assert told(app, 1)["node"]["node"]["selected_option"]["value"] == "db2"
    assert desk.hands.api("views.update", view_id=view["id"], view=modal(beside, text_input(), section("Now.")))["ok"]
    expect(desk.window("ben")).to_contain_text("Now.")
    expect(desk.window("ben").get_by_role("combobox", name="Which node")).to_have_value("db2")
