"""Placeholders filled in by a person."""

import pytest

from actors.imports import filling
from db.audit.audit import SYSTEM
from db.errors import Invalid
from db.imports import policy_imports
from db.models import AuditEvent
from tests.db.imports.test_policy_imports import imported

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_what_is_typed_stands_in_contents_and_names_and_nowhere_else(cast, monkeypatch):
    row = imported(cast.contoso, "Ring <RING>", "Other")
    assert filling.placeholders_of(row) == ["<RING>"]
    for texts in ({"<RING>": "<OTHER>"}, {"<RING>": "x" * 201}, {}):
        with pytest.raises(Invalid):
            filling.fill_in(row, texts, SYSTEM)
    assert filling.fill_in(row, {"<RING>": "Pilot"}, SYSTEM) == 2
    first = policy_imports.policies_of(row)[0]
    assert (first.name, first.placeholders, policy_imports.read(first)["body"]["name"]) == (
        "Ring Pilot", [], "Ring Pilot"
    )  # fmt: skip
    monkeypatch.setattr(filling, "MOST_GROWTH", 10)
    row = imported(cast.contoso, "Ring <RING>", "Other")
    with pytest.raises(Invalid, match="too large"):
        filling.fill_in(row, {"<RING>": "a" * 20}, SYSTEM)
    assert policy_imports.policies_of(row)[0].name == "Ring <RING>"
    event = AuditEvent.select().order_by(AuditEvent.id.desc()).get()
    assert "Pilot" not in str(event.details)
