"""The form of a rule: every event has a sentence, every choice a word."""

from db.models import NoticeRule
from db.notices.rules import RuleChoice
from db.states import NoticeEvent, NoticePace, Severity
from web.views.notices import rule_form
from web.views.notices.rule_form import RuleWords


def test_every_event_severity_and_pace_can_be_chosen():
    assert set(rule_form.EVENTS) == set(NoticeEvent)
    assert set(rule_form.SEVERITIES) == set(Severity)
    assert set(rule_form.PACES) == set(NoticePace)


def test_a_rule_says_how_much_of_each_event_it_tells():
    words = RuleWords(NoticeRule(**RuleChoice(list(NoticeEvent), hours=48).as_columns()), [])
    extents = [extent for _, extent in words.events if extent]
    assert extents == ["only high", "48 hours"]
    assert (words.pace, words.daily_at, words.zone) == ("at once", "", "UTC")
