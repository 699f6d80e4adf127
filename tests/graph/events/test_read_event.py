"""An event as graph gives it and as the database keeps it: the same columns and words."""

from db.models import TenantEvent
from db.states import DoerKind
from graph.events import read_event
from graph.events.parsing import parse_intune
from tests.graph.events.test_parsing import ASSIGNED

OURS = {"id", "tenant", "log", "awaits_policy", "followed_at", "restore_id", "is_foreign"}


def test_an_events_facts_are_the_columns_that_the_database_keeps():
    facts = parse_intune([ASSIGNED])[0].facts()
    assert set(facts) - {"is_twin"} == set(TenantEvent._meta.fields) - OURS
    for name, value in facts.items():
        longest = getattr(TenantEvent._meta.fields.get(name), "max_length", None)
        assert longest is None or value is None or len(value) <= longest


def test_both_know_the_same_sorts_of_doers():
    kinds = {read_event.PERSON, read_event.APP, read_event.SERVICE, read_event.NOT_STATED}
    assert kinds == set(DoerKind)
