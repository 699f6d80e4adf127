"""Resolving references of a backup in the target tenant."""

import pytest

from graph.read.readings import ListedPolicy
from graph.references.references import Reference
from graph.restore.resolver import Resolver, replace_references
from graph.restore.target_directory import SourceObject, TargetDirectory

GROUP = Reference("groups", "g", is_assignment=True)
TAG = Reference("roleScopeTags", "7")


def resolver(*, mapped=None, same_tenant=False, drop_missing=False, groups=(), tags=()):
    there = {"roleScopeTags": [ListedPolicy(tag_id, name, None, None, False, None) for tag_id, name in tags]}
    names = {}
    for group_id, name in groups:
        names.setdefault(("groups", name), []).append((group_id, name))
    directory = TargetDirectory(there, by_id={("groups", group_id): name for group_id, name in groups}, by_name=names)
    sources = {("groups", "g"): SourceObject("SG-Pilot"), ("roleScopeTags", "7"): SourceObject("Berlin")}
    return Resolver(directory, sources, mapped or {}, same_tenant=same_tenant, drop_missing=drop_missing)


@pytest.mark.parametrize(
    ("facts", "reference", "how", "to"),
    [
        ({"same_tenant": True, "groups": [("g", "renamed")]}, GROUP, "same", "g"),
        ({"groups": [("h", "SG-Pilot")]}, GROUP, "name", "h"),
        ({"groups": [("h", "SG-Pilot"), ("i", "SG-Pilot")]}, GROUP, "unresolved", None),
        ({"groups": [("h", "SG-Pilot"), ("i", "other")], "mapped": {("groups", "g"): "i"}}, GROUP, "mapping", "i"),
        ({"groups": [("h", "SG-Pilot")], "mapped": {("groups", "g"): "gone"}}, GROUP, "name", "h"),
        ({}, GROUP, "unresolved", None),
        ({"drop_missing": True}, GROUP, "dropped", None),
        ({"drop_missing": True}, TAG, "unresolved", None),
        # A scope tag's number means another tag in another tenant.
        ({"tags": [("7", "Vienna"), ("9", "Berlin")]}, TAG, "name", "9"),
        ({"tags": [("7", "Vienna")]}, TAG, "unresolved", None),
        ({"tags": [("7", "Vienna")], "same_tenant": True}, TAG, "same", "7"),
    ],
)
def test_a_reference_is_resolved_by_mapping_id_or_unique_name_and_never_otherwise(facts, reference, how, to):
    found = resolver(**facts).resolve(reference)
    assert (found.how, found.to) == (how, to)


def test_what_the_policy_refers_to_just_so_stays_as_it_is_unless_a_mapping_says_otherwise():
    assert resolver(same_tenant=True).resolve(GROUP, stands=bool).how == "stands"
    assert resolver(same_tenant=True, drop_missing=True).resolve(GROUP, stands=bool).how == "stands"
    made_again = resolver(same_tenant=True, groups=[("h", "SG-Pilot")])
    assert (made_again.resolve(GROUP, stands=bool).how, made_again.resolve(GROUP).to) == ("stands", "h")
    mapped = resolver(same_tenant=True, groups=[("h", "other")], mapped={("groups", "g"): "h"})
    assert mapped.resolve(GROUP, stands=bool).to == "h"


def test_a_namesake_that_stands_for_another_object_is_not_what_a_reference_means():
    directory = TargetDirectory({"roleScopeTags": [ListedPolicy("9", "Berlin", None, None, False, None)]})
    sources = {("roleScopeTags", "7"): SourceObject("Berlin")}
    others = Resolver(
        directory,
        sources,
        {},
        same_tenant=False,
        drop_missing=False,
        stands_for_another=lambda kind, source, target: (kind, target) == ("roleScopeTags", "9"),
    )
    assert others.resolve(TAG).how == "unresolved"


def test_what_this_restore_makes_itself_comes_first_and_is_filled_in_once_it_is_made():
    resolving = resolver(tags=[("9", "Berlin")])
    resolving.own_items["roleScopeTags", "7"] = (41, None)
    found = resolving.resolve(TAG)
    assert (found.how, found.item, found.to) == ("restored", 41, None)
    content = {"body": {"roleScopeTagIds": ["0", "7"]}, "assignments": None}
    assert replace_references("intents", content, [found], {})["body"] == {"roleScopeTagIds": ["0", "7"]}
    assert replace_references("intents", content, [found], {41: "12"})["body"] == {"roleScopeTagIds": ["0", "12"]}
