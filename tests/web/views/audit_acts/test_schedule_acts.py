"""The acts on schedules, rehearsals and deletions that wait: none is left without words."""

from db.audit.audit import Action
from web.views.audit_acts.schedule_acts import SCHEDULE_ACTS

BEGINNINGS = ("schedule:", "rehearsal-lab:", "backup-sets:", "tenant:removal-")


def test_every_act_on_schedules_rehearsals_and_deletions_has_its_words():
    assert set(SCHEDULE_ACTS) == {action for action in Action if action.startswith(BEGINNINGS)}
