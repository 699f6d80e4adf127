from hypothesis import example, given
from hypothesis import strategies as st

from db.audit.audit import SYSTEM
from db.models import Run, User
from db.runs import runs
from db.schema import row_ids
from db.states import RunKind
from tests.support.strategies import texts
from web.security.access import parse_row_id


@given(texts | st.integers().map(str))
@example("9" * 5000)
@example("²")
def test_what_is_no_id_of_a_row_is_none(text):
    found = parse_row_id(text)
    assert found is None or (0 < found < 2**63 and int(text) == found)


@given(st.integers(1, 2**63 - 1))
def test_every_id_of_a_row_is_taken(number):
    assert parse_row_id(str(number)) == number


def test_rows_beyond_32_bits_have_their_pages(app, sign_in, cast):
    for model in (Run, User):
        row_ids.continue_after(model, 2**31)
    run = runs.start(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="a", items=[], actor=SYSTEM).run
    person = User.create(email="new@example.com", name="New")
    browser = sign_in(app.test_client(), cast.root)
    for address in (f"/runs/{run.id}", f"/users/{person.id}"):
        assert browser.get(address).status_code == 200
    for address in (f"/runs/{2**63}", f"/users/{2**63}"):
        assert browser.get(address).status_code == 404
