"""Where links lead: to the address that people use, which the app registration has."""

import pytest

import config
from tests.support.consenting import CUSTOMER

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_links_go_by_the_public_address(app, admin, post, monkeypatch):
    monkeypatch.setenv("TENANTKEEP_PUBLIC_URL", "https://keep.example.com")
    config.settings.cache_clear()
    fields = {"name": "Tailspin", "directory_id": CUSTOMER, "access": "read"}
    page = post("/tenants/connect/link", **fields).get_data(as_text=True)
    assert "https://keep.example.com/connect/" in page
    leaving = admin.get("/tenants/connect/requests/1/go").location
    assert "redirect_uri=https%3A%2F%2Fkeep.example.com%2Fconnect%2Freturn" in leaving
