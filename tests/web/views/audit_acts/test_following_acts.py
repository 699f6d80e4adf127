"""Who follows a standard, and its exceptions, are told in the group of standards."""

from web.views.audit_acts.audit_acts import grouped_actions
from web.views.audit_acts.following_acts import FOLLOWING_ACTS, STANDARDS


def test_every_act_on_who_follows_is_offered_in_the_group_of_standards():
    offered = {action for action, _ in grouped_actions()[STANDARDS]}
    assert offered >= set(map(str, FOLLOWING_ACTS))
