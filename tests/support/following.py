"""Standards with versions, made in the database alone."""

import uuid

from db.clock import utcnow
from db.models import Coverage, Standard, StandardItem, StandardVersion
from db.standards import contents
from db.states import Offer, StandardSource

CATALOG = "configurationPolicies"


def standard_of(items, *, name="Base", parameters=(), source_tenant=None, standard=None, uid=""):
    """Return (standard, version) with these items: key -> (policy type, body, references)."""
    standard = standard or Standard.create(name=name, uid=uid or str(uuid.uuid4()))
    documents = {f"{standard.versions.count()}{key}"[:64]: {"body": body, "assignments": []}
                 for key, (_, body, _) in items.items()}  # fmt: skip
    ids = list(contents.save(standard, documents).items())
    version = StandardVersion.create(
        standard=standard, number=standard.versions.count() + 1, source=StandardSource.TENANT,
        source_tenant=source_tenant, parameters=list(parameters), item_count=len(items),
    )  # fmt: skip
    by_mark = dict(ids)
    for position, ((key, (policy_type, body, references)), mark) in enumerate(
        zip(items.items(), documents, strict=True)
    ):
        shown = body.get("name") or body.get("displayName")
        StandardItem.create(version=version, position=position, key=key, policy_type=policy_type, name=shown,
                            content=by_mark[mark], references=references)  # fmt: skip
    return standard, version


def listed_whole(tenant, *policy_types):
    """Say that the tenant's policies of these types were listed to the last."""
    for policy_type in policy_types:
        Coverage.create(tenant=tenant, policy_type=policy_type, offer=Offer.OFFERED, listed_at=utcnow())
