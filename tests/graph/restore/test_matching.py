"""Matching policies with the target's: one for each at most, and never a choice among several."""

import random

import pytest

from graph.policy_types.policy_type import match_key
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import ListedPolicy
from graph.restore.matching import ID, MAPPING, NAME, Match, SoughtPolicy, match_policies

SCRIPTS, CATALOG = POLICY_TYPES["deviceManagementScripts"], POLICY_TYPES["configurationPolicies"]
BRANDING = POLICY_TYPES["intuneBrandingProfiles"]


def listed(graph_id, name="s", policy_type=SCRIPTS, **body):
    key = match_key(policy_type, {policy_type.name_property: name, **body})
    return ListedPolicy(graph_id, name, None, None, False, None, key=key)


def sought(graph_id, name="s", mapped=None, policy_type=SCRIPTS, body=None, **facts):
    key = match_key(policy_type, {policy_type.name_property: name, **(body or {})})
    return SoughtPolicy(graph_id, lambda: key, mapped, **facts)


def matched(*wanted, there, same_tenant=True):
    """Graph id -> target, or "problem"."""
    found = match_policies({policy.graph_id: policy for policy in wanted}, there, same_tenant=same_tenant)
    return {item: "problem" if match.problem else match.target_id for item, match in found.items()}


def test_the_id_counts_before_the_name_in_the_same_tenant_and_for_nothing_in_another():
    there = [listed("1", "renamed"), listed("2")]
    assert matched(sought("1"), there=there) == {"1": "1"}
    assert matched(sought("1"), there=there, same_tenant=False) == {"1": "2"}


def test_a_mapping_counts_before_the_name_and_only_while_its_object_is_there():
    there = [listed("2"), listed("3", "other")]
    assert matched(sought("1", mapped="3"), there=there, same_tenant=False) == {"1": "3"}
    assert matched(sought("1", mapped="9"), there=there, same_tenant=False) == {"1": "2"}


def test_several_of_one_name_are_a_problem_and_no_choice():
    assert matched(sought("1"), there=[listed("2"), listed("3")]) == {"1": "problem"}


def test_a_policy_that_is_gone_is_made_again_beside_its_twin_that_lives():
    found = match_policies({1: sought("1"), 2: sought("2")}, [listed("2")], same_tenant=True)
    assert found == {1: Match(namesakes=("2",)), 2: Match("2", how=ID)}


def test_two_of_a_backup_never_share_a_target_of_another_tenant():
    twins = (sought("1"), sought("2"))
    assert matched(*twins, there=[listed("7")], same_tenant=False) == {"1": "problem", "2": "problem"}
    assert matched(*twins, there=[], same_tenant=False) == {"1": None, "2": None}
    told_apart = (sought("1", mapped="7"), sought("2"))
    assert matched(*told_apart, there=[listed("7")], same_tenant=False) == {"1": "7", "2": None}


def test_what_is_known_to_be_another_policy_is_no_candidate_and_what_may_be_one_is_no_choice():
    there = [listed("7")]
    assert matched(sought("1", others=frozenset("7")), there=there) == {"1": None}
    assert matched(sought("1", unsure=frozenset("7")), there=there) == {"1": "problem"}
    assert matched(sought("1", twins=1), there=there) == {"1": "problem"}
    assert matched(sought("1", twins=1), there=[]) == {"1": None}


def test_two_that_a_mapping_or_an_id_gives_one_target_get_none():
    there = [listed("7", "x")]
    assert matched(sought("1", mapped="7"), sought("2", mapped="7"), there=there) == {"1": "problem", "2": "problem"}
    assert matched(sought("1", mapped="7"), sought("7", "x"), there=there) == {"1": "problem", "7": "7"}
    twice = match_policies({1: sought("7"), 2: sought("7")}, there, same_tenant=True)
    assert all(match.problem for match in twice.values())


@pytest.mark.parametrize("other", [{"technologies": "configManager"}, {"templateReference": {"templateId": "t_1"}}])
def test_a_name_of_another_technology_or_template_is_another_policy(other):
    body = {"platforms": "windows10", "technologies": "mdm", "templateReference": {"templateId": ""}}
    there = [listed("2", "p", CATALOG, **{**body, **other})]
    assert matched(sought("1", "p", policy_type=CATALOG, body=body), there=there) == {"1": None}


def test_a_tenants_default_stands_for_the_defaults_of_other_tenants_whatever_their_names():
    there = [listed("2", "Standard", BRANDING, isDefaultProfile=True)]
    ours = sought("1", "Default", policy_type=BRANDING, body={"isDefaultProfile": True})
    assert matched(ours, there=there, same_tenant=False) == {"1": "2"}


@pytest.mark.parametrize("policy_type", list(POLICY_TYPES.values()), ids=list(POLICY_TYPES))
def test_whatever_is_there_no_two_items_share_a_target_and_ids_win_over_names(policy_type):
    dice = random.Random(policy_type.key)
    for _ in range(40):
        same_tenant = dice.random() < 0.5
        ids = [str(number) for number in range(8)]
        there = [listed(graph_id, dice.choice("abc"), policy_type) for graph_id in dice.sample(ids, dice.randrange(8))]
        wanted = {
            number: sought(
                dice.choice(ids),
                dice.choice("abc"),
                dice.choice([None, None, *ids]),
                policy_type,
                others=frozenset(dice.sample(ids, dice.randrange(3))),
            )
            for number in range(dice.randrange(1, 7))
        }
        _is_right(wanted, there, match_policies(wanted, there, same_tenant=same_tenant), same_tenant)


def _is_right(wanted, there, found, same_tenant):
    targets = [match.target_id for match in found.values() if match.target_id]
    assert len(targets) == len(set(targets))
    names = {policy.graph_id: policy.key for policy in there}
    claimed = {*targets, *(policy.mapped for policy in wanted.values())}
    claimed |= {policy.graph_id for policy in wanted.values()} if same_tenant else set()
    for item, match in found.items():
        mine = wanted[item]
        free = {target_id for target_id, key in names.items() if key == mine.key()} - claimed - mine.others
        same = [policy for policy in wanted.values() if policy.graph_id == mine.graph_id]
        if same_tenant and mine.graph_id in names and len(same) == 1:
            assert (match.target_id, match.how) == (mine.graph_id, ID)
        if match.how == MAPPING:
            assert match.target_id == mine.mapped
        if match.how == NAME:
            assert names[match.target_id] == mine.key()
            assert match.target_id not in mine.others
        if not match.problem:
            assert not free or match.how in (ID, MAPPING), "what could be it as well is never passed over in silence"
