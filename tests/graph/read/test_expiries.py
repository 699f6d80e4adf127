"""Certificates, tokens and connectors: what their answers say, and which kinds cost only themselves."""

import pytest

from graph.errors import Forbidden, NotFound, Unavailable
from graph.read.expiries import _KINDS, EXPIRY_KINDS, read_expiries
from tests.graph.steps import run_steps


def path_of(kind):
    return kind.path + (f"?$select={kind.select}" if kind.select else "")


def read(**replies):
    """Replies by kind; every other kind has nothing."""
    default = {kind.key: NotFound("not_found", "It is not there.") for kind in _KINDS}
    answers = {path_of(EXPIRY_KINDS[key]): reply for key, reply in {**default, **replies}.items()}
    return run_steps(read_expiries(), answers)[0]


def test_a_certificate_has_its_name_and_its_end():
    certificate = {"id": "1", "appleIdentifier": "mdm@contoso.example", "expirationDateTime": "2027-01-02T00:00:00Z"}
    expiries, refused = read(applePush=certificate)
    [expiry] = expiries["applePush"]
    assert (expiry.name, f"{expiry.expires_at:%Y-%m-%d}") == ("mdm@contoso.example", "2027-01-02")
    assert expiry.is_well
    assert refused == {}


def test_a_connector_in_a_bad_state_is_not_well():
    connectors = {"value": [{"id": "1", "displayName": "C", "state": "inactive"}]}
    [expiry] = read(ndesConnectors=connectors)[0]["ndesConnectors"]
    assert not expiry.is_well
    assert expiry.state == "inactive · never heard of"


def test_a_connector_that_was_never_set_up_is_no_expiry():
    assert read(managedPlay={"id": "1", "bindStatus": "notBound"})[0]["managedPlay"] == []


def test_a_kind_that_may_not_be_read_costs_only_itself():
    expiries, refused = read(cloudPki=Forbidden("forbidden", "No."))
    assert set(refused) == {"cloudPki"}
    assert set(expiries) == {kind.key for kind in _KINDS} - {"cloudPki"}


def test_an_answer_that_another_try_may_bring_is_raised():
    with pytest.raises(Unavailable):
        read(vppTokens=Unavailable("unavailable", "Later."))
