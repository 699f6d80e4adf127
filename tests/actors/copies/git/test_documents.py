"""Files of policies: real ones without any secret, and the same however often they are made."""

import json
from types import SimpleNamespace

import pytest

from actors.copies.git import documents
from db.copies.signer import Signer
from db.policies import snapshots
from graph.display.masking import Masking
from graph.policy_types.table import POLICY_TYPES
from graph.simulator.imports.exported_files import NotAPolicy, read_policy_file
from tests.support.simulated_tenant import REAL

SIGNER = Signer("i", "p", b"s" * 32)


def made(monkeypatch, content, policy_type="configurationPolicies", references=None, fingerprint="f"):
    monkeypatch.setattr(snapshots, "read_snapshot", lambda _: json.loads(json.dumps(content)))
    policy = SimpleNamespace(policy_type=policy_type, graph_id="id-1")
    snapshot = SimpleNamespace(
        policy=policy,
        name="Ring",
        references=references or {},
        proof={},
        content=SimpleNamespace(fingerprint=fingerprint),
    )
    return documents.policy_file(SIGNER, "d", snapshot)


def test_a_file_is_canonical_readable_and_tells_that_a_secret_changed_but_not_which(monkeypatch):
    group = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "g-1"}
    content = {
        "body": {"name": "Ring", "id": "x", "lastModifiedDateTime": "2026-01-01T00:00:00Z", "b": 1, "a": "\ud83d",
                 "password": "swordfish"},
        "assignments": [{"id": "1", "target": group}],
    }  # fmt: skip
    first = made(monkeypatch, content, references={"groups": {"g-1": "Sales"}})
    document = json.loads(first)
    assert document["assignedTo"] == ["Group Sales"]
    assert document["names"] == {"g-1": "Sales"}
    assert "lastModifiedDateTime" not in document["body"]
    assert first.endswith(b"}\n")
    assert b"swordfish" not in first
    moved = {**content, "body": {**dict(reversed(content["body"].items())), "lastModifiedDateTime": "2027"}}
    assert made(monkeypatch, moved, references={"groups": {"g-1": "Sales"}}) == first
    other = made(monkeypatch, content, references={"groups": {"g-1": "Sales"}}, fingerprint="g")
    assert [line.split(b":")[0].strip() for line in set(other.split(b"\n")) - set(first.split(b"\n"))] == [
        b'"maskedVersion"'
    ]
    for odd in ({"body": {}, "assignments": "x"}, {"body": {}, "assignments": [1, {"target": []}, {}]}):
        assert made(monkeypatch, odd, "anythingElse")


@pytest.mark.skipif(not REAL.exists(), reason="no real policies here")
def test_real_policies_hold_nothing_that_is_masked_and_are_the_same_each_time(monkeypatch):
    types = {row.path.strip("/"): key for key, row in POLICY_TYPES.items()}
    count = 0
    for path in sorted(REAL.rglob("*.json")):
        try:
            collection, item = read_policy_file(path)
        except NotAPolicy:
            continue
        content = {"body": item, "assignments": item.get("assignments")}
        text = made(monkeypatch, content, types[collection.strip("/")]).decode()
        later = {key: item[key] for key in reversed(item)} | {"lastModifiedDateTime": "2031-01-01T00:00:00Z"}
        assert made(monkeypatch, {**content, "body": later}, types[collection.strip("/")]).decode() == text, path
        for secret in _masked_values(item, Masking()(item)):
            assert json.dumps(secret, ensure_ascii=False)[1:-1] not in text, path
        count += 1
    assert count > 200


def _masked_values(before, after):
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            yield from _masked_values(value, after.get(key))
    elif isinstance(before, list) and isinstance(after, list):
        for old, new in zip(before, after, strict=True):
            yield from _masked_values(old, new)
    elif isinstance(before, str) and before != after and len(before) > 7:
        yield before
