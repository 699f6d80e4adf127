"""The requests to both logs: what is asked, and what is asked where a filter is refused."""

from datetime import datetime
from urllib.parse import unquote

import pytest

from graph.errors import Forbidden, Malformed, Rejected
from graph.events.requests import read_page
from graph.transport import rate_limits
from graph.transport.client import Answer

SINCE, UNTIL = datetime(2026, 10, 2, 7, 41, 12, 500_000), datetime(2026, 10, 2, 8, 0, 0, 1)
TIMES = "activityDateTime ge 2026-10-02T07:41:12Z and activityDateTime le 2026-10-02T08:00:01Z"


def asked(steps, answer=None):
    [request] = next(steps) if answer is None else steps.send([answer])
    return request


@pytest.mark.parametrize(
    ("log", "path", "service"),
    [("intune", "/deviceManagement/auditEvents", rate_limits.INTUNE_AUDIT),
     ("entra", "/auditLogs/directoryAudits", rate_limits.DIRECTORY_AUDIT)],
)  # fmt: skip
def test_a_window_is_asked_for_by_its_times_unquoted_and_plainly_where_the_filter_is_refused(log, path, service):
    steps = read_page(log, SINCE, UNTIL)
    request = asked(steps)
    assert (request.version, request.path.partition("?")[0]) == ("/v1.0", path)
    assert f"$top=1000&$filter={TIMES} and " in unquote(request.path)
    assert rate_limits.services_of("GET", request.path) == (service,)
    assert service in rate_limits.NEVER_IN_A_BATCH
    plain = asked(steps, Answer(error=Rejected("rejected", "Invalid filter clause", status=400)))
    assert unquote(plain.path) == f"{path}?$top=1000&$filter={TIMES}"
    link = f"https://graph.microsoft.com/v1.0{path}?$skiptoken=x"
    with pytest.raises(StopIteration) as end:
        steps.send([Answer(body={"value": [{}, "damaged"], "@odata.nextLink": link})])
    assert (end.value.value.events, end.value.value.next_link) == ([], link)
    assert asked(read_page(log, SINCE, UNTIL, link)).path == link
    assert rate_limits.services_of("GET", link) == (service,)


@pytest.mark.parametrize(
    "error", [Forbidden("permission_missing", "No.", status=403), Rejected("rejected", "", status=400)]
)
def test_a_refusal_that_no_other_filter_helps_is_raised(error):
    steps = read_page(
        "entra", SINCE, UNTIL, None if isinstance(error, Forbidden) else "https://graph.microsoft.com/v1.0/x"
    )
    asked(steps)
    with pytest.raises(type(error)):
        steps.send([Answer(error=error)])


def test_a_page_that_is_no_list_is_damaged():
    steps = read_page("intune", SINCE, UNTIL)
    asked(steps)
    with pytest.raises(Malformed):
        steps.send([Answer(body={"value": {}})])
