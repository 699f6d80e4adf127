"""What cannot be a standard's is refused by name, before anything is made."""

import pytest

from actors.standards.taken_contents import CannotBeTaken, PolicyToTake, VersionSource, take_all
from db.audit.audit import SYSTEM
from db.errors import Invalid
from db.restores import mappings
from db.standards import standards


def policy(row, policy_type="deviceConfigurations", graph_id="g", **body):
    return PolicyToTake(row, policy_type, graph_id, f"P{row}", {"body": {"displayName": f"P{row}", **body}}, {})


def test_groups_and_what_is_never_written_are_refused_with_all_others_of_their_sort(cast):
    source = VersionSource(standards.create("Windows", "", SYSTEM), cast.contoso.directory_id, None)
    chosen = [policy(1), policy(2, "groups"), policy(3, "inventoryPolicies"), policy(4, "noSuchType")]
    with pytest.raises(CannotBeTaken, match=r"So it is with 2 more\. No version was made\.") as refused:
        take_all(source, chosen, with_assignments=True)
    assert [row for row, _, _ in refused.value.refused] == [2, 3, 4]


def test_two_policies_that_are_the_same_item_are_not_both_taken(cast):
    standard = standards.create("Windows", "", SYSTEM)
    mappings.set_mapping(cast.contoso, standard.uid, ("deviceConfigurations", "k"), "of contoso", SYSTEM)
    source = VersionSource(standard, cast.contoso.directory_id, None)
    assert take_all(source, [policy(1, graph_id="Of Contoso")], with_assignments=True)[0].key == "k"
    with pytest.raises(Invalid, match="“P2” and “P1” are the same item"):
        take_all(source, [policy(1, graph_id="of contoso"), policy(2, graph_id="k")], with_assignments=True)
