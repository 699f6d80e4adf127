"""Snapshots: contents are stored once, and keep what Graph said."""

import json

import peewee as pw
import pytest

from db.clock import utcnow
from db.models import Content, Snapshot
from db.policies import snapshots


def store(captured, content, fingerprint):
    policy, run, _ = captured
    facts = {
        "read_at": utcnow(),
        "assignments_mark": "",
        "name": "N",
        "modified_at": None,
        "proof": {},
        "references": {},
    }
    kept = snapshots.save(run, [snapshots.SnapshotDraft.of(policy, content, fingerprint, **facts)])[policy.id]
    return Snapshot.get_by_id(kept.snapshot_id), kept.outcome


def test_the_same_content_again_confirms_the_snapshot_and_adds_no_row(captured):
    first, outcome = store(captured[0], {"body": {"a": 1}}, "a" * 64)
    again, second = store(captured[0], {"body": {"a": 1}}, "a" * 64)
    assert (outcome, second, again.id) == ("captured", "unchanged", first.id)


def test_a_content_that_comes_back_is_stored_once_and_makes_a_new_snapshot(captured):
    for mark in "aba":
        store(captured[0], {"body": {"is": mark}}, mark * 64)
    policy = captured[0][0]
    assert Snapshot.select().where(Snapshot.policy == policy).count() == 4  # with the one of the fixture
    assert Content.select().where(Content.fingerprint.in_(["a" * 64, "b" * 64])).count() == 2
    assert snapshots.read_snapshot(snapshots.latest(policy)) == {"body": {"is": "a"}}


def test_a_stored_body_keeps_key_order_nul_and_lone_surrogates(captured):
    body = {"body": {"z": "\u0000", "a": "\ud800", "ü": [1, 1.5, None, True]}}
    snapshot, _ = store(captured[0], body, "c" * 64)
    assert json.dumps(snapshots.read_snapshot(snapshot)) == json.dumps(body)


def test_two_tenants_never_share_a_content(captured):
    for one in (captured[0], captured[2]):
        store(one, {"body": {}}, "d" * 64)
    assert Content.select().where(Content.fingerprint == "d" * 64).count() == 2
    with pytest.raises(pw.IntegrityError):
        Content.create(tenant=captured[0][0].tenant_id, fingerprint="d" * 64, sealed=b"", plain_bytes=0)
