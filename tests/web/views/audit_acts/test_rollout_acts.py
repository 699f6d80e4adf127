"""What is done to roll-outs stands in the group of standards."""

from db.audit.audit import Action
from web.views.audit_acts.audit_acts import grouped_actions
from web.views.audit_acts.rollout_acts import ROLLOUT_ACTS, STANDARDS


def test_every_act_on_a_roll_out_is_offered_in_the_group_of_standards():
    acts = {action for action in Action if action.startswith("rollout:")}
    assert acts <= {Action(action) for action, _ in grouped_actions()[STANDARDS]}
    assert set(ROLLOUT_ACTS) <= acts
