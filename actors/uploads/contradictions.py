"""Contradictions between an uploaded policy and what its manifest says of it.

A manifest decides what a policy is called in a plan, which policy it is taken for, and which names are looked for. Its
fingerprints are no proof: anybody can compute them. So what it says of a policy has to be in the policy, word for word.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from actors.uploads.unpacking import ManifestLine, storable_text
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

SHOWN_CHARACTERS = 60
_TYPE = re.compile(r"#microsoft\.graph\.[A-Za-z0-9_.]{1,200}")
# What an earlier version called a policy whose name it did not find.
_NO_NAME = "(no name)"


def find_problem(line: ManifestLine, document: dict[str, Any]) -> str:
    """Return why this policy cannot be used, or ""."""
    if line.policy_type not in POLICY_TYPES:
        return f"there is no policy type {line.policy_type[:40]}."
    if not shape.is_content(line.policy_type, document):
        return "it is no policy as our downloads have them."
    contradiction = next(_contradictions(POLICY_TYPES[line.policy_type], line, document), "")
    if contradiction:
        return f"manifest.json contradicts it: {contradiction}"
    if holds_hidden(document) or not _is_as_downloaded(line, document):
        return "it was changed after its download, or downloaded without its secrets."
    return ""


def upload_fingerprint(document: Mapping[str, Any]) -> str:
    """Return a fingerprint that is never that of a capture: equal ones allow for different texts, and a text that we
    captured must not be replaced by an uploaded one.
    """
    return hashlib.sha256(f"uploaded {canonical_json(document)}".encode("utf-8", "surrogatepass")).hexdigest()


def name_in_content(line: ManifestLine, document: Mapping[str, Any]) -> str:
    """Return the policy's name by its content, not by its manifest."""
    return policy_name(POLICY_TYPES[line.policy_type], document["body"])


def _contradictions(policy_type: PolicyType, line: ManifestLine, document: dict[str, Any]) -> Iterator[str]:
    body = document["body"]
    if not _is_name(policy_type, line.name, body):
        own_name = _shortened(policy_name(policy_type, body))
        yield f"it calls it “{_shortened(line.name)}”, and its content says “{own_name}”."
    own_id = body.get("id")
    if isinstance(own_id, str) and own_id and own_id.lower() != line.graph_id.rpartition("/")[2].lower():
        yield f"it says the id {_shortened(line.graph_id)}, and its content {_shortened(storable(own_id))}."
    if not _is_of_type(policy_type, body):
        yield f"it says {policy_type.title}, and its content {_shortened(storable(str(body['@odata.type'])))}."
    stray_id = _unknown_name_id(line, document)
    if stray_id:
        yield f"it names {_shortened(stray_id)}, which its content does not refer to."


def _shortened(text: str) -> str:
    return text[:SHOWN_CHARACTERS]


def _is_name(policy_type: PolicyType, name: str, body: Mapping[str, Any]) -> bool:
    """Tell whether the content has this name, stored as any version stored characters that no database takes."""
    own = [policy_name(policy_type, body), _NO_NAME, *map(body.get, ("displayName", "name", policy_type.name_property))]
    texts = [text for text in own if isinstance(text, str)]
    stored = [store(text) for text in texts for store in (storable, storable_text)]
    return name.strip() in {text[:MAX_NAME_LENGTH].strip() for text in stored}


def _is_of_type(policy_type: PolicyType, body: Mapping[str, Any]) -> bool:
    """Tell whether the content may be of this policy type. An OData type that the model does not know may be new."""
    odata_type = body.get("@odata.type")
    if odata_type is None:
        return True
    if not isinstance(odata_type, str) or not _TYPE.fullmatch(odata_type):
        return False
    root = root_type(policy_type)
    bare = odata_type.removeprefix("#microsoft.graph.")
    return not root or not model.is_known(bare) or bare in model.subtypes(root)


def _unknown_name_id(line: ManifestLine, document: dict[str, Any]) -> str:
    """Return an id that the manifest has a name for, and that the content does not hold; "" if there is none."""
    named = {references.fold_id(object_id) for ids in (line.references or {}).values() for object_id in ids}
    if not named:
        return ""
    left = named - {references.fold_id(object_id) for object_id in _texts(document)}
    if left:
        # In the midst of a text: JSON, XML, a security identifier.
        referenced = [
            reference.id for reference in references.find_references(line.policy_type, document, line.graph_id)
        ]
        assigned = chain.from_iterable(directory_names.groups_and_filters_in(document))
        left -= {references.fold_id(object_id) for object_id in chain(referenced, assigned)}
    return min(left, default="")


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, str):
            yield current
        elif isinstance(current, dict):
            waiting.extend(current.values())
        elif isinstance(current, list):
            waiting.extend(current)


def _is_as_downloaded(line: ManifestLine, document: Mapping[str, Any]) -> bool:
    """Compare the text with the manifest's hash; without one, in older files, the content with its fingerprint."""
    if line.sha256:
        return content_hash(document) == line.sha256
    policy_type = POLICY_TYPES[line.policy_type]
    return any(make(policy_type, document) == line.fingerprint for make in (fingerprint, first_fingerprint))
