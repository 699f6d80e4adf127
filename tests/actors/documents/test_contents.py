"""Where a document's policies are from, and which of them are left by somebody's wishes."""

from datetime import timedelta

import pytest

from actors.document_sources.captured import TenantSource
from actors.documents import contents
from actors.documents.options import DocumentOptions
from db.clock import utcnow
from db.errors import Invalid
from db.models import Policy, Snapshot
from db.states import PolicyState, SetState
from tests.support.documents import assigned_to, captured_policies, imported, keep_set

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


def test_a_subject_of_another_tenant_or_gone_is_refused(cast):
    [snapshot] = captured_policies(cast.fabrikam, BODIES[0])
    theirs, running = keep_set(cast.fabrikam, [snapshot]), keep_set(cast.contoso, [], state=SetState.RUNNING)
    their_import = imported(cast.fabrikam)
    for options, why in (
        (DocumentOptions(backup_set=theirs.id), "no longer here"),
        (DocumentOptions(policy=snapshot.policy_id), "no longer here"),
        (DocumentOptions(policy_import=their_import.id), "no longer here"),
        (DocumentOptions(backup_set=running.id), "still being made"),
    ):
        with pytest.raises(Invalid, match=why):
            contents.source_of(cast.contoso, options)
