"""A standard, its followers and what these have, as rows: whole contents, with assignments, and no request of Graph."""

import uuid

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Coverage, Mapping, Policy, Standard, StandardAdoption, StandardItem, StandardVersion
from db.standards import contents
from db.states import Offer, Ring, StandardSource
from tests.support.captures import capture_by_hand

CATALOG, ACCESS, PROFILES = "configurationPolicies", "conditionalAccessPolicies", "deviceConfigurations"
GROUP_TARGET = "#microsoft.graph.groupAssignmentTarget"


def guid(number):
    return f"{number:08d}-1111-4111-8111-111111111111"


def assigned(*group_ids):
    return [{"target": {"@odata.type": GROUP_TARGET, "groupId": group_id}} for group_id in group_ids]


def catalog_body(name, description="", **more):
    return {"name": name, "description": description, "platforms": "windows10", "technologies": "mdm", "settings": [],
            **more}  # fmt: skip


def item_of(key, body, policy_type=CATALOG, assignments=(), references=None):
    content = {"body": body, "assignments": None if assignments is None else list(assignments)}
    return key, policy_type, content, references or {}


def version_of(standard, *items, parameters=(), source_tenant=None, with_assignments=True):
    """Add a version with these items (`item_of`)."""
    number = StandardVersion.select().where(StandardVersion.standard == standard).count() + 1
    version = StandardVersion.create(
        standard=standard, number=number, source=StandardSource.TENANT, source_tenant=source_tenant,
        parameters=list(parameters), with_assignments=with_assignments, item_count=len(items),
    )  # fmt: skip
    for position, (key, policy_type, content, references) in enumerate(items):
        mark = uuid.uuid4().hex
        StandardItem.create(
            version=version, position=position, key=key, policy_type=policy_type, references=references,
            name=content["body"].get("name") or content["body"].get("displayName"),
            content=contents.save(standard, {mark: content})[mark],
        )  # fmt: skip
    return version


def new_standard(name="Base"):
    return Standard.create(name=name, uid=str(uuid.uuid4()))


def follow(standard, tenant, ring=Ring.PILOT, **columns):
    usual = {"values": {}, "counts": {}, "due_since": utcnow()}
    return StandardAdoption.create(standard=standard, tenant=tenant, ring=ring, **{**usual, **columns})


def is_mapped(adoption, kind, source_id, target_id):
    facts = {"kind": kind, "source_id": source_id, "target_id": target_id}
    Mapping.create(tenant=adoption.tenant, source_directory_id=adoption.standard.uid, **facts)


def has(adoption, key, graph_id, body, policy_type=CATALOG, assignments=(), **captured):
    """Let the tenant have the item, captured so. Return (policy, its snapshot)."""
    name = body.get("name") or body.get("displayName")
    facts = {"tenant": adoption.tenant, "policy_type": policy_type, "graph_id": graph_id}
    policy, _ = Policy.get_or_create(**facts, defaults={"name": name})
    _, snapshot = capture_by_hand(policy, SYSTEM, body, assignments, **captured)
    if key and not Mapping.select().where((Mapping.source_id == key) & (Mapping.tenant == adoption.tenant)).exists():
        is_mapped(adoption, policy_type, key, graph_id)
    return policy, snapshot


def listed_now(tenant, *policy_types, offer=Offer.OFFERED, at=None):
    for policy_type in policy_types:
        columns = {"offer": offer, "listed_at": at or utcnow()}
        Coverage.create(tenant=tenant, policy_type=policy_type, **columns)
