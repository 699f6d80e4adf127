"""The acts that keep tenants as a standard wants them, and objections: none is left without words."""

from db.audit.audit import Action
from web.views.audit_acts.keeping_acts import KEEPING_ACTS

BEGINNINGS = ("keeping:", "rollout:objected", "rollout:objection")


def test_every_act_of_keeping_and_every_objection_has_its_words():
    assert set(KEEPING_ACTS) == {action for action in Action if action.startswith(BEGINNINGS)}
