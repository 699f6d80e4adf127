"""Nothing that Microsoft's model has of a policy type is without an answer, and the documentation is made from them."""

import pytest

from graph.policy_types.table import POLICY_TYPES
from graph.read import unread
from tests.support.model_walk import UNREAD, answers
from tests.tools import fidelity_page


@pytest.mark.parametrize("key", POLICY_TYPES)
def test_every_property_of_every_type_has_one_answer(key):
    found = answers(POLICY_TYPES[key])
    assert len(found) > 1


def test_what_is_named_as_not_read_is_there():
    found = {
        (key, answer.name) for key, row in POLICY_TYPES.items() for answer in answers(row) if answer.what == UNREAD
    }
    for row in unread.INSIDE:
        assert any(row.matches(*pair) for pair in found), row


def test_the_page_of_fidelity_is_made_from_the_tables():
    assert fidelity_page.PAGE.read_text() == fidelity_page.page(), "run: python -m tests.tools.fidelity_page"
