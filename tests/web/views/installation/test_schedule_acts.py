"""The acts on schedules and rehearsals: none is left without words."""

from db.audit.audit import Action
from web.views.installation.schedule_acts import SCHEDULE_ACTS


def test_every_act_on_schedules_and_rehearsals_has_its_words():
    assert set(SCHEDULE_ACTS) == {action for action in Action if action.startswith(("schedule:", "rehearsal-lab:"))}
