from hypothesis import example, given
from hypothesis import strategies as st

from tests.anything import texts
from web.access import row_number


@given(texts | st.integers().map(str))
@example("9" * 5000)
@example("²")
def test_what_is_no_id_of_a_row_is_none(text):
    found = row_number(text)
    assert found is None or (0 < found < 2**31 and int(text) == found)


@given(st.integers(1, 2**31 - 1))
def test_every_id_of_a_row_is_taken(number):
    assert row_number(str(number)) == number
