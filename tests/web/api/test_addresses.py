"""Addresses are whole, and the installation's own where it has said which that is."""

import config
from web.api import addresses


def test_an_address_begins_as_the_settings_say_else_as_it_was_asked_for(app, monkeypatch):
    with app.test_request_context("/", base_url="http://asked.example"):
        assert addresses.whole("me.get_me") == "http://asked.example/api/v1/me"
        monkeypatch.setenv("TENANTKEEP_PUBLIC_URL", "https://keep.example")
        config.settings.cache_clear()
        assert addresses.whole("me.get_me") == "https://keep.example/api/v1/me"
