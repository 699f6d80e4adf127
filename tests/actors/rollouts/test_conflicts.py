"""A conflict is what another hand changed and a roll-out would overwrite; what it would not write is none."""

import pytest

from actors.plans import drafts
from actors.rollouts import conflicts, drafting
from db.audit.audit import SYSTEM
from db.models import Restore, RestoreItem, StandardCell
from db.policies import snapshots
from db.restores import mappings, restore_items
from db.standards import adoptions
from db.states import CellState, Outcome, Ring
from tests.support.rolled_out import guid, items, make_standard, make_version

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FIREWALL = guid(1, 1)
POLICY_TYPE, BODY = items()[FIREWALL]
GROUP = {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": guid(9, 1)}}


@pytest.mark.parametrize(
    ("left", "live", "is_linked", "why"),
    [
        (None, {"description": "before us"}, True, None),
        ({}, {}, True, None),
        ({}, {"description": "Zoe's"}, True, conflicts.CHANGED),
        # The standard has no assignments: those that somebody gave it stay, and are no conflict.
        ({}, {"assignments": [GROUP]}, True, None),
        (None, {"description": "another one of this name"}, False, conflicts.NOT_LINKED),
    ],
)
def test_what_another_hand_changed_since_is_a_conflict(cast, left, live, is_linked, why):
    standard = make_standard()
    version = make_version(standard)
    adoption = adoptions.adopt(standard, cast.contoso, Ring.PILOT, SYSTEM)
    restore = drafting.draft_for(adoption, version, [FIREWALL], SYSTEM)
    [item] = restore_items.items(restore)

    def saved(changes):
        document = {
            "body": {**BODY, **{name: value for name, value in changes.items() if name != "assignments"}},
            "assignments": changes.get("assignments", []),
        }
        mark = drafts.fingerprint_of(POLICY_TYPE, document)
        return mark, snapshots.save_contents(cast.contoso.id, {mark: document})[mark]

    target = guid(8, 8)
    if is_linked:
        mappings.set_mapping(cast.contoso, standard.uid, (POLICY_TYPE, FIREWALL), target, SYSTEM)
    StandardCell.create(adoption=adoption, item_key=FIREWALL, policy_type=POLICY_TYPE, name="Firewall", why="",
                        state=CellState.DIFFERS, aligned_mark=None if left is None else saved(left)[0])  # fmt: skip
    RestoreItem.update(action=Outcome.UPDATE, target_id=target, live_content=saved(live)[1]).execute()
    found = conflicts.of_plan(adoption, restore)
    assert [(key, entry["why"]) for key, entry in found.items()] == ([(item.id, why)] if why else [])

    # What an undo of the standard left there is no other hand's, until the standard is written there once more.
    if why == conflicts.CHANGED:

        def wrote(left, **of):
            made = Restore.create(tenant=cast.contoso, source_directory_id="", source_name="", options={}, **of)
            RestoreItem.create(restore=made, position=0, policy_type=POLICY_TYPE, graph_id=target, name="Firewall",
                               target_id=target, references={}, after_mark=saved(left)[0])  # fmt: skip
            return made

        brought = wrote({}, standard_id=standard.id)
        wrote(live, undo_of=brought)
        assert conflicts.of_plan(adoption, restore) == {}
        wrote({}, standard_id=standard.id)
        assert conflicts.of_plan(adoption, restore) == found
