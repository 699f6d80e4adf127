from datetime import timedelta

from db.clock import utcnow
from db.definitions import definitions
from db.models import DefinitionText
from db.states import DefinitionState
from tests.support.definitions import row


def asked_days_ago(definition_id, days):
    DefinitionText.update(asked_at=utcnow() - timedelta(days=days)).where(
        DefinitionText.definition_id == definition_id
    ).execute()


def states(language="en"):
    query = DefinitionText.select().where(DefinitionText.language == language)
    return {each.definition_id: each.state for each in query}


def test_a_definition_is_wanted_then_known_and_asked_for_again_slowly(database):
    met = {"a": ("A", "configuration"), "b": ("b", "configuration"), "c": ("c", "compliance")}
    definitions.want(met, ["en", "de"])
    definitions.want({"a": ("a", "configuration")}, ["en"])
    assert states() == states("de") == dict.fromkeys("abc", DefinitionState.WANTED)
    assert definitions.find_known({"a"}, ["en"]) == []

    assert definitions.save_answers("en", [row("a", "A title", options={"a_1": "On"})], {"b"}) == 1
    assert states() == {"a": "known", "b": "unknown", "c": "wanted"}
    assert [each.definition_id for each in definitions.to_ask("en", 10)] == ["c"]
    (known,) = definitions.find_known({"a", "b", "c"}, ["de", "en"])
    assert (known.title, known.options, known.language) == ("A title", {"a_1": "On"}, "en")
    definitions.save_answers("de", [row("a", "Ein Titel")], {"b"})
    assert [each.title for each in definitions.find_known({"a"}, ["de", "en"])] == ["Ein Titel"]

    asked_days_ago("a", 31)
    asked_days_ago("b", 15)
    assert [each.definition_id for each in definitions.to_ask("en", 10)] == ["c", "b", "a"], "what is wanted first"
    assert [each.definition_id for each in definitions.to_ask("en", 2)] == ["c", "b"]

    # The same words are no news; what vanished stays; what is new there is learnt.
    at = DefinitionText.get(definition_id="a", language="en").changed_at
    assert definitions.save_answers("en", [row("a", "A title", options={"a_1": "On"})], set()) == 0
    assert DefinitionText.get(definition_id="a", language="en").changed_at == at
    assert definitions.save_answers("en", [row("b", "B, at last")], {"a"}) == 1
    assert {each.title for each in definitions.find_known({"a", "b"}, ["en"])} == {"A title", "B, at last"}
    assert definitions.save_answers("en", [row("a", "A new title", version="2")], set()) == 1
    assert [each.definition_id for each in definitions.to_ask("en", 10)] == ["c"]

    definitions.want_in("fr")
    assert DefinitionText.get(definition_id="a", language="fr").spelling == "A", "as it was met first"
    assert states("fr") == dict.fromkeys("abc", DefinitionState.WANTED)
    assert definitions.has_any("fr")
    assert not definitions.has_any("it")
    assert definitions.count_changed("en", at) == 2
    assert {(language, state): count for language, state, count, _ in definitions.counts()} == {
        ("en", "known"): 2, ("en", "wanted"): 1, ("de", "known"): 1, ("de", "unknown"): 1, ("de", "wanted"): 1,
        ("fr", "wanted"): 3,
    }  # fmt: skip
