"""Every verdict that a look-up can come to has a title and a reason."""

from actors.assignments.effective import VERDICTS
from web.assignment_words import findings


def test_every_verdict_has_its_words_in_the_order_of_the_page():
    assert tuple(findings.VERDICTS) == VERDICTS
    assert set(findings.REASONS) == set(VERDICTS)
