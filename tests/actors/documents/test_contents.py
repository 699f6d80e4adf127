"""Where a document's policies are from, and which of them are left by somebody's wishes."""

from datetime import timedelta

import pytest

from actors.documents import contents
from actors.documents.contents import SetSource, TenantSource
from actors.documents.options import DocumentOptions
from db.clock import utcnow
from db.errors import Invalid
from db.models import Content, Policy, Snapshot
from db.states import ItemState, Offer, PolicyState, SetState
from db.tenants import coverage
from tests.support.documents import assigned_to, captured_policies, keep_set

BODIES = ({"name": "One", "settings": []}, {"name": "Two", "settings": []})


def names(source, **wishes):
    return [entry.name for entry in contents.narrowed(source, DocumentOptions(**wishes))]


def test_a_tenants_newest_snapshots_and_which_of_them_are_left(cast):
    first, second = captured_policies(cast.contoso, *BODIES, assignments=[assigned_to()])
    captured_policies(cast.contoso, {"name": "One again", "settings": []})
    source = TenantSource(cast.contoso)
    everything = ["Contoso policy 1", "Contoso policy 2"]
    assert names(source) == everything
    assert names(source, types=("deviceConfigurations",)) == []
    assert names(source, only_assigned=True) == ["Contoso policy 2"]
    Snapshot.update(captured_at=utcnow() - timedelta(days=9)).where(Snapshot.id == second.id).execute()
    assert names(TenantSource(cast.contoso), changed_since=f"{utcnow():%Y-%m-%d}") == ["Contoso policy 1"]
    assert [entry.key for entry in TenantSource(cast.contoso, first.policy).entries()] != [first.id]
    Policy.update(state=PolicyState.GONE).where(Policy.id == first.policy_id).execute()
    assert names(TenantSource(cast.contoso)) == ["Contoso policy 2"]
    assert names(TenantSource(cast.contoso, first.policy)) == ["Contoso policy 1"], "asked for by itself"


def test_what_cannot_be_opened_is_told_and_hides_nothing_else(cast):
    first, _ = captured_policies(cast.contoso, *BODIES)
    Content.update(sealed=b"broken").where(Content.id == first.content_id).execute()
    source = TenantSource(cast.contoso)
    opened = {entry.name: policy.content for entry, policy in source.policies(source.entries())}
    assert opened["Contoso policy 1"] is None
    assert opened["Contoso policy 2"]["body"]["name"] == "Two"
    assert "Contoso policy 1" in names(source, only_assigned=True), "nobody knows that it is assigned to nobody"


def test_a_set_says_how_whole_it_is_and_a_tenant_too(cast):
    kept = captured_policies(cast.contoso, *BODIES)
    rows = {
        "configurationPolicies": {"state": str(ItemState.DONE), "error": 2, "message": None},
        "groups": {"state": str(ItemState.SKIPPED), "message": "It needs Group.Read.All."},
        "mobileApps": {"state": str(ItemState.SKIPPED), "offer": str(Offer.NOT_OFFERED), "message": None},
    }
    problems = [{"policy_type": "groups", "policy": None, "name": "A", "reason": "forbidden", "message": "No."}]
    backup_set = keep_set(cast.contoso, kept, types=rows, problems=problems, state=SetState.INCOMPLETE)
    source = SetSource(backup_set)
    found = {standing.policy_type: (standing.offer, standing.unread) for standing in source.standings()}
    assert found == {
        "configurationPolicies": (Offer.OFFERED, 2), "groups": (Offer.NOT_PERMITTED, 0),
        "mobileApps": (Offer.NOT_OFFERED, 0),
    }  # fmt: skip
    assert [(row.name, row.why) for row in source.unread()] == [("A", "No.")]
    coverage.record_backup(cast.contoso.id, utcnow(), [], {"configurationPolicies": "It did not answer."})
    [standing] = TenantSource(cast.contoso).standings()
    assert (standing.offer, standing.why) == (Offer.FAILED, "It did not answer.")


def test_a_subject_of_another_tenant_or_gone_is_refused(cast):
    [snapshot] = captured_policies(cast.fabrikam, BODIES[0])
    theirs, running = keep_set(cast.fabrikam, [snapshot]), keep_set(cast.contoso, [], state=SetState.RUNNING)
    for options, why in (
        (DocumentOptions(backup_set=theirs.id), "no longer here"),
        (DocumentOptions(policy=snapshot.policy_id), "no longer here"),
        (DocumentOptions(backup_set=running.id), "still being made"),
    ):
        with pytest.raises(Invalid, match=why):
            contents.source_of(cast.contoso, options)
