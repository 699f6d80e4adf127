"""Placeholders of an import, filled in by a person. What is typed goes into the contents alone, sealed as they are."""

from collections.abc import Mapping
from typing import Any

from actors.uploads.contradictions import upload_fingerprint
from db.audit.audit import Actor
from db.errors import Invalid
from db.imports import policy_imports
from db.models import PolicyImport
from db.policies import snapshots
from graph.foreign import placeholders
from graph.policy_types.policy_type import policy_name
from graph.policy_types.table import POLICY_TYPES

LONGEST = 200
# All texts together may become so much longer, in characters.
MOST_GROWTH = 20_000_000


def placeholders_of(policy_import: PolicyImport) -> list[str]:
    """Return the placeholders of all its policies, each once."""
    found = (text for policy in policy_imports.policies_of(policy_import) for text in policy.placeholders)
    return list(dict.fromkeys(found))


def fill_in(policy_import: PolicyImport, texts: Mapping[str, str], actor: Actor) -> int:
    """Replace placeholders in every policy that has them. Return in how many. Raises Invalid."""
    if any(len(text) > LONGEST or "\x00" in text or placeholders.is_placeholder(text) for text in texts.values()):
        raise Invalid(f"Type at most {LONGEST} characters in the place of each placeholder, and no placeholder.")
    filled = {}
    growth = 0
    for policy in policy_imports.policies_of(policy_import):
        if not set(policy.placeholders) & texts.keys():
            continue
        columns: dict[str, Any] = {}
        for column, content_id in (("content", policy.content_id), ("other_content", policy.other_content_id)):
            if content_id:
                document = snapshots.read_content(content_id)
                growth += placeholders.growth(document, texts)
                if growth > MOST_GROWTH:
                    raise Invalid("A placeholder stands in the import so often that it would become too large.")
                document = placeholders.fill(document, texts)
                columns[column] = snapshots.save_content(
                    policy_import.tenant_id, document, upload_fingerprint(document)
                )
                columns["name"] = policy_name(POLICY_TYPES[policy.policy_type], document["body"])
        left = [text for text in policy.placeholders if text not in texts]
        filled[policy.id] = {**columns, "placeholders": left}
    if not filled:
        raise Invalid("Type a text for at least one placeholder.")
    policy_imports.fill_in(policy_import, filled, actor)
    return len(filled)
