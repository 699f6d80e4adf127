"""The order in which states are tried: what is signed, came last and is of no clock that was ahead comes first."""

from datetime import timedelta
from types import SimpleNamespace

from actors.recovering import state_choice
from actors.recovering.source import StateAbout, Unproved
from db.clock import utcnow


def source_of(abouts):
    """What is told of the states: time -> what is signed about each; an error: it cannot be read."""

    def about_state(name):
        if isinstance(abouts[name], Unproved):
            raise abouts[name]
        return abouts[name]

    return SimpleNamespace(states=lambda: [(at, at) for at in sorted(abouts, reverse=True)], about_state=about_state)


def test_a_state_that_is_doubted_comes_after_all_others_unless_it_is_asked_for():
    now = utcnow()
    old, newest = now - timedelta(days=2), now - timedelta(days=1)
    overtaken, untold, unread, ahead = (now + timedelta(hours=hours) for hours in (1, 2, 3, 50))
    abouts = {
        old: StateAbout(1, frozenset()),
        newest: StateAbout(1, frozenset({overtaken})),
        overtaken: StateAbout(1, frozenset()),
        untold: None,
        unread: Unproved("It is in an archive."),
        ahead: StateAbout(1, frozenset()),
    }
    states, doubts = state_choice.in_order(source_of(abouts))
    assert [at for at, _ in states] == [newest, old, ahead, unread, untold, overtaken]
    assert doubts == {
        ahead: state_choice.AHEAD,
        unread: state_choice.UNTOLD,
        untold: state_choice.UNTOLD,
        overtaken: state_choice.OVERTAKEN,
    }
    states, _ = state_choice.in_order(source_of(abouts), as_of=overtaken)
    assert [at for at, _ in states] == [overtaken, newest, old]
