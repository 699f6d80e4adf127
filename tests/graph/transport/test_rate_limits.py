import pytest

from graph.transport.rate_limits import batches, service_of, services_of

INTUNE, ACCESS = "/deviceManagement/intents", "/identity/conditionalAccess/policies"


@pytest.mark.parametrize(
    ("path", "service"),
    [
        (f"{INTUNE}/a", "intune"),
        (f"{ACCESS}/a", "conditionalAccess"),
        ("/identity/conditionalAccess/authenticationStrength/policies", "authentication"),
        ("/groups/a", "directory"),
    ],
)
def test_path_tells_the_service(path, service):
    assert service_of(path) == service


def test_intune_write_counts_against_both_limits():
    assert services_of("GET", INTUNE) == ("intune",)
    assert services_of("PATCH", INTUNE) == ("intune", "intuneWrites")


def test_batches_keep_reads_from_writes_and_conditional_access_alone():
    requests = [("GET", INTUNE), ("POST", INTUNE), ("GET", ACCESS), ("GET", INTUNE), ("GET", INTUNE)]
    assert list(batches(requests, 2)) == [[2], [0, 3], [4], [1]]
