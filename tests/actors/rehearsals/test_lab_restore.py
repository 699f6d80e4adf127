"""The sample: one of each policy type, never what is a tenant's only one, and over time every policy has its turn."""

from actors.rehearsals.lab_restore import SAMPLE_SIZE, choose_sample
from db.models import Policy, Snapshot
from graph.policy_types.table import POLICY_TYPES


def stored(*policies):
    return [
        Snapshot(id=number, name=graph_id, policy=Policy(policy_type=policy_type, graph_id=graph_id, is_built_in=False))
        for number, (policy_type, graph_id) in enumerate(policies, start=1)
    ]


def test_over_time_every_policy_has_its_turn():
    types = [key for key in POLICY_TYPES if choose_sample(stored((key, "x")), {})]
    assert SAMPLE_SIZE < len(types) < len(POLICY_TYPES)
    assert not {"groups", "configurationPolicies"} - set(POLICY_TYPES)
    assert "groups" not in types, "a group is never copied"
    assert not [key for key in types if POLICY_TYPES[key].is_single or POLICY_TYPES[key].named]
    everything = stored(*((key, f"{key} {number}") for key in types for number in (1, 2)))
    last, turns = {}, set()
    for rehearsal in range(1, 2 * len(types) // SAMPLE_SIZE + 3):
        sample = choose_sample(everything, last)
        keys = [(row.policy.policy_type, row.policy.graph_id) for row in sample]
        assert len(keys) == SAMPLE_SIZE == len({policy_type for policy_type, _ in keys})
        last |= dict.fromkeys(keys, rehearsal)
        turns |= set(keys)
    assert len(turns) == len(everything)


def test_what_is_built_in_or_unknown_is_never_a_sample():
    [built_in, unknown] = stored(("configurationPolicies", "a"), ("retiredPolicies", "b"))
    built_in.policy.is_built_in = True
    assert choose_sample([built_in, unknown], {}) == []
