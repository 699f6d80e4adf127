"""Whether an uploaded policy is what the manifest of its file says: each thing that it says, against the content.

A manifest decides what a policy is called in a plan, which one it is taken for, and which names are looked for. Its
marks are no proof: anybody can work them out. So what it says of a policy has to be in the policy, word for word.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from actors.uploads.unpacking import Line, text
from graph.content.fingerprint import content_hash, fingerprint
from graph.content.legacy_fingerprint import fingerprint as first_fingerprint
from graph.content.normalise import canonical_json
from graph.content.places import root_type
from graph.content.secrets import holds_hidden
from graph.microsoft import model
from graph.policy_types import shape
from graph.policy_types.policy_type import MAX_NAME_LENGTH, PolicyType, policy_name, storable
from graph.policy_types.table import POLICY_TYPES
from graph.read import directory_names
from graph.references import references

SHOWN = 60
_TYPE = re.compile(r"#microsoft\.graph\.[A-Za-z0-9_.]{1,200}")
# What an earlier version called a policy whose name it did not find.
_NO_NAME = "(no name)"


def problem(line: Line, document: dict[str, Any]) -> str:
    """Why this policy cannot be used; "" when it can."""
    if line.policy_type not in POLICY_TYPES:
        return f"there is no policy type {line.policy_type[:40]}."
    if not shape.is_content(line.policy_type, document):
        return "it is no policy as our downloads have them."
    found = next(_contradictions(POLICY_TYPES[line.policy_type], line, document), "")
    if found:
        return f"manifest.json contradicts it: {found}"
    if holds_hidden(document) or not _is_as_downloaded(line, document):
        return "it was changed after its download, or downloaded without its secrets."
    return ""


def mark_of(document: Mapping[str, Any]) -> str:
    """Of its own, never a capture's: equal fingerprints allow for other texts, and what we read must stay ours."""
    return hashlib.sha256(f"uploaded {canonical_json(document)}".encode("utf-8", "surrogatepass")).hexdigest()


def own_name(line: Line, document: Mapping[str, Any]) -> str:
    """By what it is, not by what its file says of it."""
    return policy_name(POLICY_TYPES[line.policy_type], document["body"])


def _contradictions(policy_type: PolicyType, line: Line, document: dict[str, Any]) -> Iterator[str]:
    body = document["body"]
    if not _is_name(policy_type, line.name, body):
        yield f"it calls it “{line.name[:SHOWN]}”, and its content says “{policy_name(policy_type, body)[:SHOWN]}”."
    own_id = body.get("id")
    if isinstance(own_id, str) and own_id and own_id.lower() != line.graph_id.rpartition("/")[2].lower():
        yield f"it says the id {line.graph_id[:SHOWN]}, and its content {storable(own_id)[:SHOWN]}."
    if not _is_of_type(policy_type, body):
        yield f"it says {policy_type.title}, and its content {storable(str(body['@odata.type']))[:SHOWN]}."
    strange = _not_in(line, document)
    if strange:
        yield f"it names {strange[:SHOWN]}, which its content does not refer to."


def _is_name(policy_type: PolicyType, said: str, body: Mapping[str, Any]) -> bool:
    """Whatever an earlier version did with what no database takes."""
    own = [policy_name(policy_type, body), _NO_NAME, *map(body.get, ("displayName", "name", policy_type.name_property))]
    texts = [one for one in own if isinstance(one, str)]
    return said.strip() in {kept(one)[:MAX_NAME_LENGTH].strip() for one in texts for kept in (storable, text)}


def _is_of_type(policy_type: PolicyType, body: Mapping[str, Any]) -> bool:
    """What the model does not know may be new."""
    said = body.get("@odata.type")
    if said is None:
        return True
    if not isinstance(said, str) or not _TYPE.fullmatch(said):
        return False
    root = root_type(policy_type)
    bare = said.removeprefix("#microsoft.graph.")
    return not root or not model.is_known(bare) or bare in model.subtypes(root)


def _not_in(line: Line, document: dict[str, Any]) -> str:
    """An id that the manifest knows a name of, and that the content does not hold; "" when there is none."""
    told = {references.fold_id(one) for ids in (line.references or {}).values() for one in ids}
    if not told:
        return ""
    left = told - {references.fold_id(one) for one in _texts(document)}
    if left:
        # In the midst of a text: JSON, XML, a security identifier.
        left -= {
            references.fold_id(one.id) for one in references.find_references(line.policy_type, document, line.graph_id)
        }
        left -= {references.fold_id(one) for ids in directory_names.groups_and_filters_in(document) for one in ids}
    return min(left, default="")


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _is_as_downloaded(line: Line, document: Mapping[str, Any]) -> bool:
    """By its text; of a file that says no mark of that, by what was called equal when it was made."""
    if line.sha256:
        return content_hash(document) == line.sha256
    policy_type = POLICY_TYPES[line.policy_type]
    return any(made(policy_type, document) == line.fingerprint for made in (fingerprint, first_fingerprint))
