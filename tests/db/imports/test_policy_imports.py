"""Imports: kept, changed, removed, and gone by themselves."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.errors import Invalid
from db.housekeeping import daily_prune
from db.imports import policy_imports
from db.imports.policy_imports import NewImportedPolicy
from db.models import AuditEvent, Content, ImportedPolicy, PolicyImport, Run
from db.policies import snapshots
from db.runs import runs
from db.states import RunKind


def imported(tenant, *names, other=None):
    """Return an import of one policy for each name, as a run makes it."""
    run = runs.start(
        tenant=tenant, kind=RunKind.IMPORT, dedupe_key=f"test {Run.select().count()}", items=[], actor=SYSTEM
    ).run
    new = [_policy(tenant, name, other) for name in names]
    return policy_imports.create(
        run, new, name="Nightly\x00  export", source_directory_id=tenant.directory_id, formats=["portal"],
        findings=[], files=[], file_count=len(names),
    )  # fmt: skip


def _policy(tenant, name, other):
    content = snapshots.save_content(tenant.id, {"body": {"name": name}, "assignments": None}, f"mark {name}")
    return NewImportedPolicy(f"{name}.json", "portal", "configurationPolicies", f"id {name}", name, content, other,
                             {}, [], ["<RING>"])  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_an_import_is_kept_by_a_person_and_its_contents_stay_until_it_is_removed(cast):
    tenant = cast.contoso
    row = imported(tenant, "A", "B")
    assert (row.name, policy_imports.find_of_run(row.run), policy_imports.newest([tenant.id], 5)) == (
        "Nightly export", row, [row]
    )  # fmt: skip
    with pytest.raises(Invalid, match="Give it a name"):
        policy_imports.keep(row, "\x00 ", SYSTEM)
    policy_imports.keep(row, "Baseline", SYSTEM)
    assert PolicyImport.get_by_id(row.id).name == "Baseline"
    contents = set(daily_prune._find_contents(tenant, None))
    assert not contents & {policy.content_id for policy in policy_imports.policies_of(row)}
    first, second = policy_imports.policies_of(row)
    assert policy_imports.read(first)["body"]["name"] == "A"
    with pytest.raises(Invalid, match="no file beside"):
        policy_imports.take_other(first, True, SYSTEM)
    policy_imports.fill_in(row, {first.id: {"placeholders": []}}, SYSTEM)
    assert [policy.placeholders for policy in policy_imports.policies_of(row)] == [[], ["<RING>"]]
    policy_imports.remove(row, SYSTEM)
    policy_imports.remove(row, SYSTEM)
    assert not ImportedPolicy.select().count()
    assert {first.content_id, second.content_id} <= set(daily_prune._find_contents(tenant, None))
    actions = [event.action for event in AuditEvent.select().where(AuditEvent.action.startswith("import:"))]
    assert actions == ["import:kept", "import:changed", "import:removed"]
    with pytest.raises(Invalid, match="This import is gone"):
        policy_imports.keep(row, "Late", SYSTEM)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_import_that_nobody_keeps_goes_after_a_week_and_an_empty_one_cannot_be_kept(cast):
    kept, old, new, empty = (imported(cast.contoso, *names) for names in (["A"], ["B"], ["C"], []))
    policy_imports.keep(kept, "Kept", SYSTEM)
    with pytest.raises(Invalid, match="no policy"):
        policy_imports.keep(empty, "Empty", SYSTEM)
    before = utcnow() - policy_imports.MAX_AGE_UNKEPT - timedelta(minutes=1)
    PolicyImport.update(created_at=before).where(PolicyImport.id.in_([kept.id, old.id])).execute()
    assert policy_imports.delete_old(100) == 1
    assert {row.id for row in PolicyImport.select()} == {kept.id, new.id, empty.id}
    assert Content.select().count() >= 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_script_that_lies_beside_is_chosen_by_a_person(cast):
    other = snapshots.save_content(cast.contoso.id, {"body": {"name": "Other"}, "assignments": None}, "other")
    [policy] = policy_imports.policies_of(imported(cast.contoso, "A", other=other))
    policy_imports.take_other(policy, True, SYSTEM)
    assert policy_imports.read(ImportedPolicy.get_by_id(policy.id))["body"]["name"] == "Other"
