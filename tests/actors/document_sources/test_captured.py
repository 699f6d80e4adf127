"""What a source knows of snapshots: what cannot be opened, how whole a set is, and how sure a moment."""

from datetime import timedelta

import pytest

from actors.document_sources.captured import SetSource, TenantSource
from actors.documents import contents
from actors.documents.options import DocumentOptions
from db.clock import utcnow
from db.errors import Invalid
from db.models import Content, Policy, Snapshot
from db.policies import policies
from db.states import DocumentFormat, ItemState, Offer, SetState
from db.tenants import coverage
from tests.support.documents import captured_policies, keep_set, text_of

BODIES = ({"name": "One", "settings": []}, {"name": "Two", "settings": []})


def test_what_cannot_be_opened_is_told_and_hides_nothing_else(cast):
    first, _ = captured_policies(cast.contoso, *BODIES)
    Content.update(sealed=b"broken").where(Content.id == first.content_id).execute()
    source = TenantSource(cast.contoso)
    opened = {entry.name: policy.content for entry, policy in source.policies(source.entries())}
    assert opened["Contoso policy 1"] is None
    assert opened["Contoso policy 2"]["body"]["name"] == "Two"
    left = contents.narrowed(source, DocumentOptions(only_assigned=True))
    assert "Contoso policy 1" in {entry.name for entry in left}, "nobody knows that it is assigned to nobody"


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


def test_a_moment_tells_how_sure_each_policy_is_and_what_was_never_captured(cast):
    now = utcnow().replace(microsecond=0)
    then, early = now - timedelta(hours=6), now - timedelta(hours=10)
    _, second = captured_policies(cast.contoso, *BODIES)
    Policy.update(first_seen_at=early, last_seen_at=now).execute()
    Snapshot.update(captured_at=early, confirmed_at=early).execute()
    captured_policies(cast.contoso, {"name": "One", "settings": [], "description": "Made otherwise since"})
    policies.mark_gone(Policy.get_by_id(second.policy_id))
    Policy.update(last_seen_at=early).where(Policy.id == second.policy_id).execute()
    policies.get_or_create(cast.contoso, "deviceConfigurations", "never", "Never read", None)
    Policy.update(first_seen_at=early).where(Policy.name == "Never read").execute()
    at = then.isoformat()
    text = text_of(cast.contoso, at=at)
    for words in ("All policies as they were on", "3 policies were in the tenant then. Of 3 nobody knows",
                  "Seen changed later: it may have been changed before this moment.", "Found gone later",
                  "Never captured: nobody knows how it was."):  # fmt: skip
        assert words in text, words
    assert "Made otherwise since" not in text
    assert "Made otherwise since" in text_of(cast.contoso, at=utcnow().isoformat())
    table = text_of(cast.contoso, DocumentFormat.CSV, at=at, language="de", types=("configurationPolicies",))
    assert "Bemerkung" in table
    assert "Sie kann vor diesem Zeitpunkt geändert worden sein." in table
    before = (now - timedelta(days=9)).isoformat()
    assert "Nothing is known of this moment" in text_of(cast.contoso, at=before)
    for wishes, why in (({"at": "soon"}, "is no time"), ({"at": at, "policy": second.policy_id}, "Choose one")):
        with pytest.raises(Invalid, match=why):
            text_of(cast.contoso, **wishes)
