"""Sessions end by signing out, by idling and by age; the database holds no token."""

from datetime import timedelta

from db.accounts import sessions
from db.clock import utcnow
from db.models import Session


def begin(cast, way="password"):
    return sessions.begin(cast.ada, "127.0.0.1", "a browser", way)


def test_session_is_found_by_its_token_and_stored_as_a_hash(cast):
    token = begin(cast)
    assert sessions.find(token, is_asked_for=True).user == cast.ada
    assert Session.get().token_mark != token
    assert sessions.find(token + "x", is_asked_for=True) is None


def test_idle_and_old_sessions_are_over_and_those_of_a_clock_that_was_ahead(cast):
    ahead = timedelta(days=-365)
    ages = {"seen_at": (sessions.MAX_IDLE, ahead), "began_at": (sessions.MAX_AGE, ahead)}
    for column, age in ((column, age) for column, each in ages.items() for age in each):
        token = begin(cast)
        session = sessions.find(token, is_asked_for=False)
        Session.update({column: utcnow() - age - timedelta(seconds=1)}).where(Session.id == session.id).execute()
        assert sessions.find(token, is_asked_for=False) is None
    assert sessions.of_user(cast.ada.id) == []
    begin(cast)
    assert Session.select().count() == 1, "the next sign-in swept out what had ended"


def test_only_a_page_that_was_asked_for_keeps_a_session_awake(cast):
    token = begin(cast)
    earlier = utcnow() - sessions.SEEN_INTERVAL * 2
    Session.update(seen_at=earlier).execute()
    sessions.find(token, is_asked_for=False)
    assert Session.get().seen_at == earlier
    sessions.find(token, is_asked_for=True)
    assert Session.get().seen_at > earlier


def test_all_sessions_but_one_or_those_of_one_way_end(cast):
    begin(cast)
    begin(cast, sessions.ENTRA)
    here = sessions.of_user(cast.ada.id)[0].id
    assert sessions.end_all(cast.ada.id, but_id=here) == 1
    begin(cast, "passkey")
    assert sessions.end_all(cast.ada.id, way="passkey") == 1
    assert [session.id for session in sessions.of_user(cast.ada.id)] == [here]
    assert not sessions.end(cast.rita.id, here), "it is not hers"
    assert sessions.end(cast.ada.id, here)


def test_session_from_entra_counts_while_its_last_answer_does(cast):
    token = begin(cast, sessions.ENTRA)
    ages = ((timedelta(minutes=1), True), (sessions.ENTRA_VALID_FOR, False), (timedelta(days=-365), False))
    for age, is_found in ages:
        cast.ada.entra_checked_at = utcnow() - age
        cast.ada.save()
        assert (sessions.find(token, is_asked_for=False) is not None) is is_found
