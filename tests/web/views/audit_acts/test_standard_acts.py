"""What is done to standards has a group of its own in the audit log."""

from db.audit.audit import Action
from web.views.audit_acts.audit_acts import grouped_actions
from web.views.audit_acts.standard_acts import STANDARDS


def test_every_act_on_a_standard_is_offered_in_its_group():
    offered = {action for action, _ in grouped_actions()[STANDARDS]}
    assert offered >= {str(action) for action in Action if action.startswith("standard:")}
