"""Standards are made, described and archived, and every act is audited."""

import pytest

from db.audit.audit import SYSTEM, Action
from db.errors import Invalid
from db.models import AuditEvent, Standard
from db.standards import standards


def test_a_standard_is_made_changed_and_archived_and_the_log_says_so(database):
    made = standards.create("  Windows  baseline ", "What every customer gets", SYSTEM)
    assert (made.name, len(made.uid), standards.of_uid(made.uid), standards.of_name("Windows baseline")) == (
        "Windows baseline", 36, made, made,
    )  # fmt: skip
    standards.change(made, SYSTEM, name="Windows", soak_days="3", description="What every customer gets")
    standards.change(made, SYSTEM, soak_days=3)
    assert (Standard.get().name, Standard.get().soak_days) == ("Windows", 3)
    standards.archive(made, SYSTEM)
    assert (standards.listed(), standards.listed(with_archived=True)) == ([], [made])
    with pytest.raises(Invalid, match="archived"):
        standards.require_in_use(Standard.get())
    with pytest.raises(Invalid, match="already"):
        standards.archive(made, SYSTEM)
    standards.take_up_again(made, SYSTEM)
    acts = [(event.action, event.details.get("changed")) for event in AuditEvent.select().order_by(AuditEvent.id)]
    assert acts == [
        (Action.STANDARD_CREATED, None),
        (Action.STANDARD_CHANGED, ["name", "soak_days"]),
        (Action.STANDARD_ARCHIVED, None),
        (Action.STANDARD_TAKEN_UP, None),
    ]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"name": " "}, "a name"),
        ({"name": "x" * 121}, "120 characters"),
        ({"name": "Taken"}, "already"),
        ({"description": "x" * 1001}, "1,000 characters"),
        ({"soak_days": "a week"}, "no number"),
        ({"at_once": 0}, "1 to 50"),
        ({"stop_percent": 101}, "0 to 100"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(database, values, why):
    standards.create("Taken", "", SYSTEM)
    made = standards.create("Windows", "", SYSTEM)
    with pytest.raises(Invalid, match=why):
        standards.change(made, SYSTEM, **{"look_days": 9, **values})
    assert Standard.get_by_id(made.id).look_days == 7
    if "name" in values:
        with pytest.raises(Invalid, match=why):
            standards.create(values["name"], "", SYSTEM)
