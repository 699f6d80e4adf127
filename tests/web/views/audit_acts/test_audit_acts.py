from db.audit.audit import Action
from web.views.audit_acts.audit_acts import grouped_actions


def test_the_filter_offers_every_action_once_in_words():
    offered = [action for actions in grouped_actions().values() for action, _ in actions]
    assert sorted(offered) == sorted(map(str, Action))
    assert len({title for actions in grouped_actions().values() for _, title in actions}) == len(Action)
