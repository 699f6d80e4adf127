"""The contents that a live run needs of its items, which the database keeps sealed.

Each is opened once, before its item is begun, and kept until the item's batch has ended. One that does not open costs
its own item; one that is damaged after that costs nothing any more.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from actors.plans import plan_items
from db.models import Restore, RestoreItem
from db.policies import snapshots
from db.restores import restore_items
from db.states import Outcome
from graph.restore.options import RestoreOptions
from graph.write.write_requests import PolicyContent


class LiveContents:
    """The contents of the items that one message writes. Each raises snapshots.NOT_OPENED where it does not open."""

    def __init__(self, restore: Restore) -> None:
        self.options = RestoreOptions(**restore.options)
        # By the content's id.
        self._opened: dict[int, PolicyContent] = {}
        # By the item's id.
        self._desired: dict[int, PolicyContent] = {}

    def open(self, item: RestoreItem, *, is_begun: bool) -> str:
        """Open what writing the item takes. Return why something of it does not open, or ""."""
        for content in snapshots.contents_by_id(_needed(item, is_begun=is_begun)).values():
            try:
                self._opened[content.id] = snapshots.open_content(content)
            except snapshots.NOT_OPENED:
                return plan_items.why_not_opened(content)
        return ""

    def forget(self, items: Iterable[RestoreItem]) -> None:
        for item in items:
            self._desired.pop(item.id, None)
            for content_id in (item.content_id, item.live_content_id):
                self._opened.pop(content_id, None)

    def body(self, item: RestoreItem) -> dict[str, Any]:
        """Return the policy's body in the backup; of one that is removed, as it is in the tenant."""
        content_id = item.content_id or item.live_content_id
        return self._read(content_id)["body"] if content_id else {}

    def before(self, item: RestoreItem) -> PolicyContent:
        """Return what the preview found in the tenant, or in its bin."""
        return self._read(item.live_content_id)

    def desired(self, item: RestoreItem) -> PolicyContent:
        """Return what is written, with the ids of what this restore has made of all that it refers to."""
        if item.id not in self._desired:
            needed = restore_items.items_by_ids([resolution.item for resolution in plan_items.resolutions(item)])
            created = {needed_item.id: needed_item.created_id for needed_item in needed if needed_item.created_id}
            self._desired[item.id] = plan_items.content_to_write(item, self.options, created, self._read)
        return self._desired[item.id]

    def wanted_state(self, item: RestoreItem) -> str | None:
        """Return the state that a Conditional Access policy is to be in; None where its content does not open."""
        try:
            state: str | None = self.desired(item)["body"].get("state")
        except snapshots.NOT_OPENED:
            return None
        return state

    def _read(self, content_id: int) -> PolicyContent:
        if content_id not in self._opened:
            self._opened[content_id] = snapshots.read_content(content_id)
        return self._opened[content_id]


def _needed(item: RestoreItem, *, is_begun: bool) -> Iterator[int | None]:
    """Yield the ids of what writing takes. What was there before tells our own half-done write from somebody's."""
    yield item.content_id
    if item.content_id is None or item.left_out or is_begun or plan_items.action_of(item) == Outcome.UNDELETE:
        yield item.live_content_id
