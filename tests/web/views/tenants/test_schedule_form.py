"""The form that says when a backup comes."""

import re

import pytest

from db.models import Schedule
from tests.web.views.tenants.test_schedules import form

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("lock_order"),
]


def test_it_is_added_in_words_for_a_part_of_the_name_and_the_form_keeps_what_was_chosen(client, sign_in, cast):
    sign_in(client, cast.max)
    given = form(client, cast, tenant="tos", cron="", when="weekdays", time="22:30", time_zone="Europe/Berlin")
    answer = client.post("/schedules/", data=given, follow_redirects=True)
    assert (Schedule.get().tenant, Schedule.get().cron) == (cast.contoso, "30 22 * * 1-5")
    page = answer.get_data(as_text=True)
    assert "Weekdays at 22:30 (Berlin)" in page
    assert re.search(r'value="weekdays" selected', page)
    assert 'value="22:30"' in page
    assert 'value="Europe/Berlin"' in page
    again = client.post("/schedules/", data=given)
    assert again.status_code == 400
    assert "has this schedule already" in again.get_data(as_text=True)
    assert Schedule.select().count() == 1
