import pytest

from db.audit.named_rows import find, numbered, whole_number
from db.models import AuditEvent


@pytest.mark.parametrize(
    ("subject", "named"),
    [
        ("run 41", ("run", 41)),
        ("Backup set 3", ("backup set", 3)),
        ("snapshot 7 of “Ring 9”", ("snapshot", 7)),
        ("policy 5 “Ring”", ("policy", 5)),
        ("policy “Ring 5”", ("", 0)),
        ("tenant run 41", ("", 0)),
    ],
)
def test_a_subject_names_a_row_by_kind_and_number(subject, named):
    assert numbered(AuditEvent(subject=subject)) == named


@pytest.mark.parametrize("value", [True, 0, -1, 2**63, "7", None, 1.0])
def test_what_can_be_no_row_is_none(value):
    assert whole_number(value) is None


def test_rows_are_found_by_subject_and_details_and_those_that_are_gone_are_left_out(captured, cast):
    policy, run, snapshot = captured[0]
    events = [
        AuditEvent(
            subject=f"policy {policy.id} “x”", actor=cast.max.email, tenant_id=cast.contoso.id, details={"run": run.id}
        ),
        AuditEvent(subject=f"snapshot {snapshot.id} of “x”", actor="gone@example.com", details=["x"]),
        AuditEvent(subject="run 999", actor="system", details={"restore": 999}),
    ]
    rows = find(events)
    assert (set(rows.policies), set(rows.snapshots)) == ({policy.id}, {snapshot.id})
    assert (set(rows.runs), set(rows.restores)) == ({run.id}, set())
    assert set(rows.people) == {cast.max.email, run.requested_by.email}
    assert set(rows.tenants) == {cast.contoso.id}
