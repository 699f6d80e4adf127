"""The words of Conditional Access have a place for each name, and one for each control of Microsoft's model."""

from graph.display import access_words
from graph.display.clauses import Clause
from graph.microsoft import model


def test_every_kind_names_one_and_several_and_every_session_control_is_told():
    kinds = [
        kind
        for table in (
            access_words.USERS, access_words.SERVICE_PRINCIPALS, access_words.AGENTS, access_words.AGENT_CONTEXTS,
            access_words.APPS, access_words.PLATFORMS, access_words.LOCATIONS, access_words.DEVICES,
            access_words.DEVICE_STATES,
        )
        for kind in table.values()
    ]  # fmt: skip
    assert all(kind.template.count("{}") == kind.templates.count("{}") == 1 for kind in kinds)
    assert all(isinstance(clause, Clause) for kind in kinds for clause in kind.special.values())
    assert access_words.SESSIONS.keys() == model.properties("conditionalAccessSessionControls").keys()
    assert access_words.GRANTS.keys() | {"block", "unknownFutureValue"} == {
        *model.enum("conditionalAccessGrantControl")
    }
