from db.audit import audit, word_search
from db.audit.audit import SYSTEM, Action, Actor
from db.models import AuditEvent, User
from db.states import Result


def found(*words, **filters):
    events, looked_through = word_search.narrow_to_words(audit.search(tenant_ids=None, **filters), words)
    return [event.id for event in events], looked_through


def number():
    return AuditEvent.select().order_by(AuditEvent.id.desc()).get().id


def test_words_are_found_wherever_an_event_has_them(cast):
    max_ = Actor.person(cast.max, "192.0.2.7")
    facts = {"run": 1, "undo_of": None, "fingerprint": "f"}
    audit.record(Action.RESTORE_STARTED, max_, "restore 5", tenant=cast.contoso, reason="INC-4711 für Süd", **facts)
    started = number()
    audit.record(Action.SIGN_OUT, SYSTEM, "session", result=Result.OK)
    User.update(name="Max Manager").where(User.id == cast.max.id).execute()
    for words in (
        ["inc-4711"],
        ["süd"],
        ["Manager"],
        ["max@example"],
        ["192.0.2"],
        ["contoso", "INC-4711"],
        ["Restore 5"],
    ):
        assert started in found(*words)[0], words
    assert found("INC-4711", "fabrikam")[0] == found("INC_4711")[0] == found("100%")[0] == []


def test_so_many_events_are_looked_through_at_once_and_which_is_said(cast, monkeypatch):
    monkeypatch.setattr(word_search, "EVENTS_AT_ONCE", 3)
    for name in ("one", "two", "three", "four"):
        audit.record(Action.PASSKEY_ADDED, SYSTEM, "user x@example.com", name=name)
    last = number()
    assert found("user") == ([last, last - 1, last - 2], word_search.LookedThrough(last - 2, last))
    assert found("one")[0] == []
    older = audit.search(tenant_ids=None).where(AuditEvent.id < last - 2)
    events, looked_through = word_search.narrow_to_words(older, ["one"])
    assert ([event.id for event in events], looked_through.newest) == ([last - 3], last - 3)
