"""Refusals that may only mean "not yet", and how long they are tried again."""

import pytest

from graph.content.places import root_type
from graph.errors import error_from_answer
from graph.microsoft.model import enum, properties, subtypes
from graph.policy_types.table import POLICY_TYPES
from graph.write.readiness import READINESS, may_be_a_delay, patience_seconds

GROUP = "00000901-1111-4111-8111-111111111111"
MADE = "00000040-1111-4111-8111-111111111111"


@pytest.mark.parametrize(
    ("status", "message", "is_young"),
    [
        (400, f"1040: NamedLocation with id {MADE} does not exist in the directory.", True),
        (400, "The MobileApp cannot be assigned: PublishingState is not 'Published'.", True),
        (404, "Profile not found", True),
        (400, f"groups with id {GROUP} was not found.", False),  # another's
        (400, "1011: The list of applications is empty.", False),
        (403, "", False),
        (409, f"{MADE} was changed.", False),
    ],
)
def test_a_refusal_is_tried_again_where_it_may_be_about_what_was_just_made(status, message, is_young):
    error = error_from_answer(status, {}, {"error": {"code": "BadRequest", "message": message}}, is_part=True)
    assert may_be_a_delay(error, [f"T_{MADE}"]) is is_young
    assert may_be_a_delay(error, []) is False, "nothing was made"


def test_every_type_that_waits_says_what_for_and_how_long():
    for key, readiness in READINESS.items():
        assert any(readiness.property in properties(name) for name in subtypes(root_type(POLICY_TYPES[key])))
        assert readiness.ready <= set(enum("mobileAppPublishingState"))
        assert patience_seconds(key) > 0
        assert readiness.waits_for.endswith(".")
