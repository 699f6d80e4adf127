"""Backup sets as somebody may upload them: a good one, and whatever else a test puts in."""

import io
import json
import zipfile

from actors.uploads import contradictions
from actors.uploads.unpacking import LeftOut, UploadedSet
from graph.content.fingerprint import fingerprint
from graph.policy_types.table import POLICY_TYPES

DIRECTORY = "99999999-1111-4111-8111-999999999999"
GOOD = {"body": {"name": "Good", "settings": []}, "assignments": []}


def fingerprint_of(document, policy_type="configurationPolicies"):
    return fingerprint(POLICY_TYPES[policy_type], document)


def line(file, document, **changes):
    """Return a manifest's line about a policy. A test makes it say something wrong by `changes`."""
    facts = {"policy_type": "configurationPolicies", "graph_id": file, "name": document["body"].get("name", file)}
    return {**facts, "file": f"{file}.json", "fingerprint": fingerprint_of(document), "references": {}, **changes}


def zipped(files=(), lines=None, manifest=None, method=zipfile.ZIP_DEFLATED):
    """A ZIP of one good policy, and of whatever else a test puts there."""
    out = io.BytesIO()
    manifest = manifest or {"directory_id": DIRECTORY, "tenant": "Elsewhere", "backup_set": 7,
                            "policies": [line("good", GOOD), *(lines or ())]}  # fmt: skip
    with zipfile.ZipFile(out, "w", method) as file:
        file.writestr("good.json", json.dumps(GOOD))
        for name, data in files:
            file.writestr(name, data)
        file.writestr("manifest.json", manifest if isinstance(manifest, bytes | str) else json.dumps(manifest))
    return out.getvalue()


def read(data):
    """({graph id: (its own name, content)}, [file: why it is left out]) of an upload. Raises Invalid for the whole."""
    found, kept, left_out = UploadedSet(io.BytesIO(data)), {}, []
    for one in found.lines:
        try:
            document = found.document(one)
            problem = contradictions.find_problem(one, document)
        except LeftOut as e:
            problem = str(e)
        if problem:
            left_out.append(f"{one.file}: {problem}")
        else:
            kept[one.graph_id] = (contradictions.name_in_content(one, document), document)
    return kept, left_out
