"""The index is of newest snapshots of policies that are there, in the transaction that saves them or soon after."""

from db.clock import utcnow
from db.models import Policy, PolicySetting, Snapshot
from db.policies import policies, policy_index, snapshots
from db.policies.policy_index import PolicyIndex
from db.policies.policy_settings import IndexedSetting


def index(value, version=1):
    return PolicyIndex(version, [IndexedSetting("camera", "Camera", value * 16, None)])


def save(run, policy, text, indexed, *, is_indexed=False):
    facts = {"assignments_mark": "", "name": "N", "modified_at": None, "proof": {}, "references": {}}
    draft = snapshots.SnapshotDraft.of(
        policy, {"body": {"is": text}}, text * 64, read_at=utcnow(), index=indexed, is_indexed=is_indexed, **facts
    )
    return snapshots.save(run, [draft])[policy.id]


def indexed(policy):
    version = Policy.get_by_id(policy.id).index_version
    marks = PolicySetting.select(PolicySetting.mark).where(PolicySetting.policy == policy).tuples()
    return version, [mark[0] for (mark,) in marks]


def test_the_index_follows_the_newest_snapshot_and_goes_with_the_policy(captured):
    policy, run, _ = captured[0]
    save(run, policy, "a", index("a"))
    assert indexed(policy) == (1, ["a"])
    save(run, policy, "a", None, is_indexed=True)  # as it was: it stays
    assert indexed(policy) == (1, ["a"])
    save(run, policy, "a", index("b", version=2))  # by newer rules
    assert indexed(policy) == (2, ["b"])
    save(run, policy, "c", None)  # it is made later
    assert indexed(policy) == (None, [])
    save(run, policy, "c", index("c"))
    policies.mark_gone(policy)
    assert indexed(policy) == (None, [])
    assert policy.id not in [missing.id for missing in policy_index.missing(1, (), 100)]


def test_what_is_not_indexed_by_todays_rules_is_found_once(captured):
    ids = [policy.id for policy, _, _ in captured]
    policy, run, _ = captured[0]
    assert [row.id for row in policy_index.missing(2, (), 100)] == ids  # as an older version left them
    for number, (one, _, snapshot) in enumerate(captured):
        made = policy_index.LaterIndex(snapshot.id, index("a", version=1 + number % 2), "")
        assert policy_index.record_later({one.id: made}) == {one.id}
    due = [row.id for row in policy_index.missing(2, (), 100)]
    assert due == ids[::2]
    assert [row.id for row in policy_index.missing(2, due[:1], 1)] == due[1:2]
    for number in due:
        policy_index.set_aside(Policy.get_by_id(number), 2)
    assert (policy_index.missing(2, (), 9), len(policy_index.missing(3, (), 9))) == ([], len(ids))
    # Another snapshot was saved meanwhile: the sweep's index is of what was.
    save(run, policy, "z", index("z", version=2))
    older = Snapshot.select().where(Snapshot.policy == policy).get()
    assert not policy_index.record_later({policy.id: policy_index.LaterIndex(older.id, index("a"), "")})
    assert indexed(policy) == (2, ["z"])
    policy_index.forget_marks()
    assert len(policy_index.missing(2, (), 9)) == len(ids)
