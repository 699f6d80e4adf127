from db.audit.actions import DETAILS, Action


def test_every_action_has_its_details_and_a_subject_before_its_act():
    assert DETAILS.keys() == set(Action)
    assert all(len(action.split(":")) == 2 for action in Action)
