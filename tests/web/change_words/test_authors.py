"""Who changed a policy, as pages say it."""

from datetime import timedelta

from db.clock import utcnow
from tests.support.changes import record_change, record_event, record_log


def test_who_is_not_known_is_said_with_its_reason_and_is_never_nobody(client, sign_in, cast, captured):
    change = record_change(captured[0][0])
    for columns, words in (
        ({"asked_at": None, "read_to": None}, "was not read yet"),
        ({"error_code": "permission_missing"}, "not readable: needs DeviceManagementApps.Read.All"),
        ({"error_code": "x", "error_message": "Graph does not answer."}, "not readable: Graph does not answer."),
        ({"reaches_from": utcnow() - timedelta(minutes=1)}, "the log was read back to"),
        ({"read_to": change.seen_at - timedelta(minutes=1)}, "not known yet: Microsoft's log comes later"),
        ({}, "Microsoft's log does not say who"),
    ):
        log = record_log(cast.contoso, **columns)
        page = sign_in(client, cast.rita).get("/changes/").get_data(as_text=True).replace("&#39;", "'")
        assert words in page, words
        assert "nobody" not in page.partition("<tbody>")[2]
        log.delete_instance()


def test_a_hostile_name_is_text(client, sign_in, cast, captured):
    record_event(captured[0][0], "<img src=x onerror=1>%s{}", app_name="<b>", app_id="x")
    record_change(captured[0][0], differences=[{"path": "x", "label": "<i>%(setting)s", "how": "added"}])
    page = sign_in(client, cast.rita).get("/changes/").get_data(as_text=True)
    assert "&lt;img src=x onerror=1&gt;%s{} (&lt;b&gt;" in page
    assert "&lt;i&gt;%(setting)s added" in page


def test_a_restore_of_ours_hides_nobody_else(client, sign_in, cast, captured):
    policy = captured[0][0]
    record_event(policy, "Tenantkeep", restore_id=9)
    record_event(policy)
    record_change(policy)
    page = sign_in(client, cast.rita).get("/changes/").get_data(as_text=True)
    assert "restore 9</a> of ours and 1 other" in page
