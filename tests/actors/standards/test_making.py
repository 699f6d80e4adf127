"""Versions are made of snapshots, imports and earlier versions; what they hold speaks the standard's ids."""

import json

import pytest

from actors.standards import making
from actors.standards.making import VersionChoices
from actors.standards.taken_contents import CannotBeTaken
from db.audit.audit import SYSTEM
from db.errors import Invalid
from db.models import Policy, Restore, StandardAdoption, StandardVersion
from db.policies import policies
from db.restores import mappings
from db.runs import name_cache
from db.standards import standards, versions
from db.states import Ring, StandardSource
from graph.standards.rendering import render
from tests.support.captures import capture_by_hand
from tests.support.documents import GROUP, assigned_to, imported

LOCATION = "cccccccc-0000-4000-8000-00000000000{}"
OTHER_GROUP = "bbbbbbbb-0000-4000-8000-000000000001"


def listed(tenant, policy_type, graph_id, name):
    facts = {"odata_type": None, "platform": None, "is_built_in": False, "modified_at": None}
    policies.record_listing(tenant, policy_type, [{"graph_id": graph_id, "name": name, **facts}])
    return Policy.get(Policy.tenant == tenant, Policy.graph_id == graph_id)


def snapshot(tenant, policy_type, graph_id, name, group=GROUP, group_name="Pilot ring", **body):
    policy = listed(tenant, policy_type, graph_id, name)
    return capture_by_hand(
        policy,
        SYSTEM,
        {"id": graph_id, "displayName": name, **body},
        assignments=[assigned_to(group)] if policy_type != "conditionalAccessPolicies" else (),
        groups={group: group_name},
    )[1]


def conditional_access(tenant, number, directory_id):
    location = snapshot(tenant, "namedLocations", LOCATION.format(number), "Office")
    conditions = {"locations": {"includeLocations": [LOCATION.format(number)]}, "users": {"includeGroups": [GROUP]}}
    access = snapshot(
        tenant, "conditionalAccessPolicies", f"a{number}", "CA001 block", conditions=conditions, text=directory_id
    )
    return [location, access]


def ring(tenant, number, days, name, domain, group=GROUP, group_name="Pilot ring"):
    return snapshot(
        tenant, "deviceConfigurations", f"r{number}", name, group, group_name,
        qualityUpdatesDeferralPeriodInDays=days, contact=f"it@{domain}",
        **{"@odata.type": "#microsoft.graph.windowsUpdateForBusinessConfiguration"},
    )  # fmt: skip


def of_kind(version, kind):
    return {row["default"] if kind != "object" else row["label"]: row["name"]
            for row in version.parameters if row["kind"] == kind}  # fmt: skip


def test_a_version_of_a_tenant_is_taken_changed_elsewhere_and_taken_back(cast):
    """The second version is taken from another tenant: its ids, names and values become the standard's again."""
    standard = standards.create("Windows", "", SYSTEM)
    name_cache.save_domains(cast.contoso, {"contoso.com": "default"})
    taken = [*conditional_access(cast.contoso, 1, cast.contoso.directory_id),
             ring(cast.contoso, 1, 7, "CTSO - Ring", "contoso.com")]  # fmt: skip
    first = making.from_snapshots(
        standard, cast.contoso, [row.id for row in taken], SYSTEM, VersionChoices("First", prefix="CTSO - ")
    )
    assert (first.source, first.source_name, first.item_count) == (StandardSource.TENANT, "Contoso", 3)
    contents = versions.read_all(first)
    assert contents["a1"]["body"]["conditions"]["locations"] == {"includeLocations": [LOCATION.format(1)]}
    assert contents["r1"]["assignments"][0]["target"]["groupId"] == GROUP
    assert (of_kind(first, "object").keys(), of_kind(first, "prefix").keys()) == ({"Pilot ring"}, {"CTSO - "})
    assert (of_kind(first, "domain").keys(), of_kind(first, "number").keys()) == ({"contoso.com"}, {7})
    items = {item.key: item for item in versions.items(first)}
    assert items["a1"].references["namedLocations"] == {LOCATION.format(1): "Office"}

    # Fabrikam has the ring and the location under ids of its own, and another group.
    theirs = {
        ("deviceConfigurations", "r1"): "r2",
        ("namedLocations", LOCATION.format(1)): LOCATION.format(2),
        ("groups", GROUP): OTHER_GROUP,
    }
    for key, target in theirs.items():
        mappings.set_mapping(cast.fabrikam, standard.uid, key, target, SYSTEM)
    number = of_kind(first, "number")[7]
    StandardAdoption.create(
        standard=standard, tenant=cast.fabrikam, ring=Ring.PILOT, counts={},
        values={"prefix": "FAB ", "domain:contoso.com": "fabrikam.org", number: 21},
    )  # fmt: skip
    changed = ring(cast.fabrikam, 2, 21, "FAB Ring, better", "fabrikam.org", OTHER_GROUP, "Our pilots")
    new = snapshot(cast.fabrikam, "deviceConfigurations", "n2", "FAB New")
    second = making.from_version(
        standard, first, SYSTEM, VersionChoices("Second", after=1), without=["a1"], tenant=cast.fabrikam,
        snapshot_ids=[changed.id, new.id],
    )  # fmt: skip
    assert (second.number, second.based_on, second.source_tenant) == (2, 1, cast.fabrikam)
    rows = {item.key: item for item in versions.items(second)}
    assert {key: item.name for key, item in rows.items()} == {
        LOCATION.format(1): "Office", "r1": "CTSO - Ring, better", "n2": "CTSO - New",
    }  # fmt: skip
    body = versions.read(rows["r1"])
    assert (body["body"]["contact"], body["body"]["qualityUpdatesDeferralPeriodInDays"]) == ("it@contoso.com", 7)
    assert body["assignments"][0]["target"]["groupId"] == GROUP
    assert rows["r1"].references["groups"] == {GROUP: "Pilot ring"}, "the standard's own name for it stays"
    assert {row["name"] for row in second.parameters} >= {"prefix", "domain:contoso.com", number}
    values = {"prefix": "X-", number: 3}
    assert (
        render("deviceConfigurations", body, "r1", second.parameters, values)["body"]["displayName"] == "X-Ring, better"
    )


def test_the_directory_of_the_tenant_never_travels_and_what_is_no_change_is_no_version(cast):
    standard = standards.create("Access", "", SYSTEM)
    chosen = [row.id for row in conditional_access(cast.contoso, 1, cast.contoso.directory_id)]
    version = making.from_snapshots(standard, cast.contoso, chosen, SYSTEM, VersionChoices(with_assignments=False))
    assert cast.contoso.directory_id not in json.dumps(versions.read_all(version))
    assert standard.uid in json.dumps(versions.read_all(version)["a1"])
    assert versions.read_all(version)[LOCATION.format(1)]["assignments"] is None
    with pytest.raises(Invalid, match="version 1 again"):
        making.from_version(standard, version, SYSTEM, VersionChoices(after=1))
    with pytest.raises(Invalid, match="has no item zz"):
        making.from_version(standard, version, SYSTEM, VersionChoices(after=1), without=["zz"])
    with pytest.raises(Invalid, match="is not of Fabrikam"):
        making.from_snapshots(standard, cast.fabrikam, chosen, SYSTEM, VersionChoices(after=1))
    with pytest.raises(Invalid, match="no snapshot 99999"):
        making.from_snapshots(standard, cast.contoso, [*chosen, 99999], SYSTEM, VersionChoices(after=1))


def test_an_import_becomes_a_version_without_its_secret_and_keeps_what_its_tool_called_things(cast):
    standard = standards.create("Wi-Fi", "", SYSTEM)
    row = imported(cast.contoso)
    version = making.from_import(standard, row, (), SYSTEM, VersionChoices())
    [item] = versions.items(version)
    assert (version.source, item.references["groups"]) == (StandardSource.IMPORT, {GROUP: "Pilot ring"})
    assert "hush~1" not in json.dumps(versions.read(item))
    assert "imported and not captured" in version.source_name


def test_nothing_is_made_where_one_policy_cannot_be_taken_unless_a_person_has_looked(cast):
    standard = standards.create("Scripts", "", SYSTEM)
    script = "UGFzc3dvcmQgPSBodXNoIyA="
    row = snapshot(cast.contoso, "deviceManagementScripts", "s1", "Script", scriptContent=script)
    with pytest.raises(CannotBeTaken, match="“Script” cannot be in a standard") as refused:
        making.from_snapshots(standard, cast.contoso, [row.id], SYSTEM, VersionChoices())
    assert [number for number, _, _ in refused.value.refused] == [row.id]
    assert StandardVersion.select().count() == Restore.select().count() == 0
    version = making.from_snapshots(standard, cast.contoso, [row.id], SYSTEM, VersionChoices(harmless=[row.id]))
    assert versions.read_all(version)["s1"]["body"]["scriptContent"] == script
