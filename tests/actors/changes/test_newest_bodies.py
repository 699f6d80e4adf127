"""The bodies of policies as they were seen last: what does not open, or was never seen, is not among them."""

import pytest

from actors.changes import newest_bodies
from db.audit.audit import SYSTEM
from db.models import Content
from db.policies import policies
from tests.support.captures import capture_by_hand


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_newest_body_that_opens_is_read_in_however_many_statements(cast, monkeypatch):
    monkeypatch.setattr(newest_bodies, "_AT_ONCE", 2)
    names = ("first", "lost", "never read", "last")
    rows = {name: policies.get_or_create(cast.contoso, "intents", name, name, None) for name in names}
    for version in (1, 2):
        for name in ("first", "lost", "last"):
            capture_by_hand(rows[name], SYSTEM, {"displayName": name, "description": str(version)})
    lost_ids = [row.content_id for row in rows["lost"].snapshots]
    Content.update(sealed=b"").where(Content.id.in_(lost_ids)).execute()
    found = dict(newest_bodies.read([row.id for row in rows.values()]))
    seen = {name: found[row.id]["description"] for name, row in rows.items() if row.id in found}
    assert seen == {"first": "2", "last": "2"}
