"""views.*: modals and Home tabs."""

from sandbox.slack.blocks import check_view
from sandbox.slack.params import Params
from sandbox.slack.shapes import Json, SlackError
from sandbox.slack.views import View
from sandbox.slack.workspace import Workspace


class ViewMethods:
    """The methods."""

    def __init__(self, space: Workspace) -> None:
        """Keep the workspace."""
        self._space = space

    def open(self, params: Params) -> Json:
        """views.open: for whoever the trigger belongs to, once, within 3 s."""
        body = _view(params, "modal")
        trigger = self._space.triggers.use(params.text("trigger_id"))
        return self._told(self._space.views.open(trigger.user, body))

    def push(self, params: Params) -> Json:
        """views.push: only from inside of an open modal."""
        body = _view(params, "modal")
        trigger = self._space.triggers.use(params.text("trigger_id"))
        if not self._space.views.of(trigger.user):
            raise SlackError("not_found")
        return self._told(self._space.views.push(trigger.user, body))

    def update(self, params: Params) -> Json:
        """views.update: by view_id or external_id, guarded by hash."""
        found = self._space.views.find(params.text("view_id"), params.text("external_id"))
        body = _view(params, str(found.body.get("type", "modal")))
        if params.maybe("hash") not in {None, found.hash}:
            raise SlackError("hash_conflict")
        found.show(body, self._space.views.new_hash())
        return self._told(found)

    def publish(self, params: Params) -> Json:
        """views.publish: the Home tab of somebody."""
        user = self._space.user(params.text("user_id"))
        body = _view(params, "home")
        known = self._space.views.homes.get(user.id)
        if known is not None and params.maybe("hash") not in {None, known.hash}:
            raise SlackError("hash_conflict")
        return self._told(self._space.views.publish(user.id, body))

    def _told(self, view: View) -> Json:
        self._space.touched(view)
        return {"view": view.as_slack(untouched=True)}


def _view(params: Params, kind: str) -> Json:
    return check_view(params.nested("view", "invalid_arguments"), kind)
