"""Refusals: the sentence of an Invalid is flashed, and nothing else is caught."""

import pytest
from flask import Flask, get_flashed_messages

from db.errors import Invalid
from web.presentation.refusals import refusals_flashed


@pytest.fixture
def flashed():
    app = Flask(__name__)
    app.secret_key = "a test's"
    with app.test_request_context():
        yield lambda: get_flashed_messages(with_categories=True)


def test_a_refusal_ends_the_block_and_is_flashed(flashed):
    with refusals_flashed():
        raise Invalid("Choose a tenant.")
    assert flashed() == [("danger", "Choose a tenant.")]


def test_any_other_error_goes_on(flashed):
    with pytest.raises(KeyError), refusals_flashed():
        raise KeyError("name")
    assert flashed() == []
