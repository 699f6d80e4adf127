"""What no database can hold."""

from db.models import Tenant


def test_what_no_database_holds_of_a_text_is_marked_and_the_rest_kept(database):
    made = Tenant.create(
        name="a\x00b \ud83d ü 👍", directory_id="1", client_id="1", break_glass=[{"name": "\ud83d\x00"}]
    )
    found = Tenant.get_by_id(made.id)
    assert found.name == "a\ufffdb \ufffd ü 👍"
    assert found.break_glass == [{"name": "\ufffd\x00"}]
