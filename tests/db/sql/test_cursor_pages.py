"""A page begins after the last row of the one before, in either direction."""

from db.models import Policy
from db.sql import cursor_pages


def test_a_page_begins_behind_the_last_id_and_brings_what_its_rows_refer_to(cast):
    query = cursor_pages.select(Policy, Policy.tenant == cast.contoso, Policy.tenant)
    first, second = sorted(row.id for row in Policy.select().where(Policy.tenant == cast.contoso))

    def ids(after, *, is_rising):
        return [row.id for row in cursor_pages.rows(query, Policy.id, after=after, limit=5, is_rising=is_rising)]

    assert ids(None, is_rising=False) == [second, first]
    assert (ids(second, is_rising=False), ids(second, is_rising=True), ids(first, is_rising=True)) == (
        [first],
        [],
        [second],
    )
    assert cursor_pages.rows(query, Policy.id, after=None, limit=1, is_rising=True)[0].tenant.name == "Contoso"
