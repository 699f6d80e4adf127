"""The sentences on what a restore leaves weaker or incomplete."""

from actors.plans.shortfall_texts import SHORTFALLS
from graph.restore.shortfalls import ShortfallCode


def test_every_shortfall_has_its_sentences_before_and_after():
    assert set(SHORTFALLS) == set(ShortfallCode)
    for text in SHORTFALLS.values():
        for sentence in (text.before, text.after):
            assert sentence.format(who="w", what="w", why="w")
