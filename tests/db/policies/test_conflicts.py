"""Conflicts: the same setting, different values, and a target that both policies reach."""

import pytest

from db.clock import utcnow
from db.database import database as engine
from db.models import Policy
from db.policies import conflicts, policy_settings, policy_targets
from db.policies.policy_settings import IndexedSetting
from db.policies.policy_targets import IndexedTarget, TargetsOfPolicy

ALL = IndexedTarget("all devices")


def group(name, *, without=False, narrowed=None):
    return IndexedTarget("group", name, is_excluded=without, filter_id=narrowed)


@pytest.fixture
def found(cast):
    """found(*policies): the conflicts among policies of (value, *targets) each; values that begin with "-" cannot."""

    def find(*policies):
        rows = [
            Policy.create(tenant=cast.contoso, policy_type="configurationPolicies", graph_id=f"g{n}", name=f"P{n}")
            for n in range(len(policies))
        ]
        settings = {row.id: [_setting(value)] for row, (value, *_) in zip(rows, policies, strict=True)}
        policy_settings.replace({row.id: cast.contoso.id for row in rows}, settings)
        targets = {row.id: TargetsOfPolicy(whom) for row, (_, *whom) in zip(rows, policies, strict=True)}
        policy_targets.replace_targets(rows, targets)
        result = [
            (hit.group_ids, [side.policy.name for side in hit.sides], hit.is_certain)
            for hit in conflicts.of_tenant(cast.contoso)
        ]
        assert not list(conflicts.of_tenant(cast.fabrikam))
        Policy.delete().where(Policy.id.in_([row.id for row in rows])).execute()
        return result

    return find


def _setting(value):
    mark = value.strip("-") * 16
    return IndexedSetting("camera", "Camera", mark, value, not value.startswith("-"))


def test_policies_are_in_conflict_where_they_reach_the_same_group_and_differ(found):
    one, other = group("a"), group("b")
    for policies, expected in (
        ([("1", one), ("2", one)], [(("a",), ["P0", "P1"], True)]),
        ([("1", one), ("1", one)], []),
        ([("1", one), ("2", other)], []),
        ([("1", one), ("-2", one)], []),
        ([("1", one, other), ("2", one, other)], [(("a", "b"), ["P0", "P1"], True)]),
        ([("1", ALL), ("2", ALL)], [((), ["P0", "P1"], True)]),
        ([("1", ALL), ("2", IndexedTarget("all users"))], [((), ["P0", "P1"], True)]),
        ([("1", ALL), ("2", one)], [(("a",), ["P0", "P1"], True)]),
        # Who gets the one is left out of the other.
        ([("1", ALL, group("a", without=True)), ("2", one)], []),
        ([("1", ALL, group("a", without=True)), ("2", one), ("3", ALL)],
         [((), ["P0", "P2"], True), (("a",), ["P1", "P2"], True)]),
        ([("1", group("a", narrowed="f")), ("2", one)], [(("a",), ["P0", "P1"], False)]),
        ([("1", group("a", narrowed="f"), ALL), ("2", one)], [(("a",), ["P0", "P1"], True)]),
        ([("1", IndexedTarget("nobody")), ("2", one)], []),
    ):  # fmt: skip
        assert found(*policies) == expected, policies


def test_a_tenant_with_thousands_of_policies_is_looked_through_in_few_statements(cast, monkeypatch):
    """What differs for other groups alone is not read row by row."""
    now = utcnow()
    Policy.insert_many(
        {"tenant": cast.contoso.id, "policy_type": "configurationPolicies", "graph_id": f"g{n}", "name": f"P{n}",
         "first_seen_at": now, "last_seen_at": now} for n in range(1000)
    ).execute()  # fmt: skip
    rows = list(Policy.select().where(Policy.graph_id.startswith("g")).order_by(Policy.id))
    settings = {
        row.id: [IndexedSetting(f"s{n % 100}", "S", f"{n:016}", None, True), IndexedSetting("s", "S", "a", None, True)]
        for n, row in enumerate(rows)
    }
    settings[rows[0].id].append(IndexedSetting("camera", "Camera", "a" * 16, None, True))
    settings[rows[1].id].append(IndexedSetting("camera", "Camera", "b" * 16, None, True))
    for begin in range(0, len(rows), 100):
        some = rows[begin : begin + 100]
        policy_settings.replace({row.id: row.tenant_id for row in some}, {row.id: settings[row.id] for row in some})
    targets = {row.id: TargetsOfPolicy([group(f"g{max(n, 1)}")]) for n, row in enumerate(rows)}
    policy_targets.replace_targets(rows, targets)
    executed, count = engine.obj.execute_sql, []
    monkeypatch.setattr(engine.obj, "execute_sql", lambda *args, **facts: count.append(1) or executed(*args, **facts))
    assert [hit.setting.key for hit in conflicts.of_tenant(cast.contoso)] == ["camera"]
    assert len(count) < 6
