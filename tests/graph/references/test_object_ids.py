"""What object ids look like, held against the ids of tenants: none that is there is refused, and no name is taken."""

import pytest

from graph.policy_types.table import POLICY_TYPES
from graph.references import reference_kinds
from graph.references.object_ids import id_form, is_object_id
from graph.references.references import find_references
from graph.simulator.demo.tenants import demo_tenants

GUID = "72f988bf-86f1-41af-91ab-2d7cd011db47"
KINDS = {*POLICY_TYPES, *reference_kinds.BY_NAME.values(), *reference_kinds.OBJECTS.values(),
         *reference_kinds.PAYLOADS.values(), reference_kinds.DIRECTORIES, reference_kinds.DOMAINS}  # fmt: skip


def test_every_object_and_reference_of_a_tenant_has_an_id_of_its_kind():
    found = set()
    for tenant in demo_tenants():
        for key, row in POLICY_TYPES.items():
            for object_id, body in tenant.collections.get(row.path.strip("/"), {}).items():
                content = {"body": body, "assignments": body.get("assignments")}
                found |= {(reference.kind, reference.id) for reference in find_references(key, content)}
                # Of Apple's profiles the tenant has their tokens here.
                found |= set() if key == "depOnboardingSettings" else {(key, object_id)}
    assert len({kind for kind, _ in found}) > 40
    assert [one for one in found if not is_object_id(*one)] == []


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_name_is_no_id_wherever_the_two_can_be_told_apart(kind):
    assert is_object_id(kind, "All managers, Berlin") == (id_form(kind).rule == "")


@pytest.mark.parametrize(
    ("kind", "text", "is_one"),
    [
        ("groups", GUID, True), ("groups", GUID.upper(), True), ("groups", f"{GUID}0", False), ("groups", "3", False),
        ("roleScopeTags", "0", True), ("roleScopeTags", GUID, False), ("roleScopeTags", "-1", False),
        ("managedAppProtections", f"T_{GUID}", True), ("targetedManagedAppConfigurations", f"A_{GUID}", True),
        ("deviceEnrollmentConfigurations", f"{GUID}_Windows10EnrollmentCompletionPageConfiguration", True),
        ("configurationPolicies", f"T_{GUID}", False), ("depOnboardingSettings", f"{GUID}/{GUID}", True),
        ("authenticationContextNumbers", "c99", True), ("authenticationContextNumbers", "c0", False),
        ("organizationalBranding", "de-DE", True), ("domains", "contoso.example", True), ("domains", "Contoso", False),
    ],
)  # fmt: skip
def test_some_kinds_have_ids_of_their_own(kind, text, is_one):
    assert is_object_id(kind, text) == is_one
