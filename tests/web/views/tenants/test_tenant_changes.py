"""A tenant's tab of changes, and the list of its own events."""

import csv
import io
import re
from datetime import timedelta

from db.clock import utcnow
from tests.support.changes import record_change, record_event, record_log


def test_the_tab_has_the_days_the_newest_changes_and_how_far_both_logs_were_read(client, sign_in, cast, captured):
    record_change(captured[0][0])
    record_event(captured[0][0])
    record_change(captured[2][0])
    record_log(cast.contoso)
    record_log(cast.contoso, "entra", error_code="permission_missing", error_message="No.")
    page = sign_in(client, cast.rita).get(f"/tenants/{cast.contoso.id}/activity").get_data(as_text=True)
    assert "0 backups, 1 changes" in " ".join(page.split())
    assert "by anna@<wbr>contoso.example in the portal" in page
    assert "read from" in page
    assert "not readable: needs AuditLog.Read.All" in page
    assert "Fabrikam" not in page


def test_events_are_searched_narrowed_paged_and_exported(client, sign_in, cast, captured):
    sign_in(client, cast.rita)
    for _ in range(31):
        record_event(captured[0][0], at=utcnow() - timedelta(days=2))
    record_event(captured[1][0], "<b>Autopatch", doer_kind="app", operation="Delete")
    record_event(captured[2][0], "somebody of Fabrikam")
    address = f"/tenants/{cast.contoso.id}/events/"

    def count(query=""):
        page = client.get(address + query).get_data(as_text=True)
        assert "somebody of Fabrikam" not in page
        return len(re.findall(r"<li>\s*<div class=\"head-line\">", page.partition('id="events"')[2]))

    assert (count(), count("?page=1"), count("?page=7")) == (30, 2, 0)
    assert count("?search=anna&page=1") == 1
    assert count("?did=Delete") == count("?by=%3Cb%3EAutopatch") == 1
    assert count(f"?since={utcnow():%Y-%m-%d}&zone=UTC") <= 1
    assert "the app &lt;b&gt;Autopatch" in client.get(address).get_data(as_text=True)
    lines = list(csv.reader(io.StringIO(client.get(f"{address}export.csv?did=Delete").get_data(as_text=True))))
    assert len(lines) == 2
    assert client.get(f"/tenants/{cast.fabrikam.id}/events/").status_code == 403
    assert client.get(f"/tenants/{cast.fabrikam.id}/events/export.csv").status_code == 403
