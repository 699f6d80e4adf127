"""An admin of an installation whose own apps are registered, and a customer's administrator in another browser."""

import re

import pytest

from actors.connecting import connect
from tests.support.consenting import register_apps
from tests.support.forms import csrf_token


@pytest.fixture
def directories(app, simulator, monkeypatch):
    monkeypatch.setattr(connect, "WAITS", (0.1,) * 6)
    return register_apps(simulator, "http://localhost")


@pytest.fixture
def admin(app, cast, sign_in, directories):
    return sign_in(app.test_client(), cast.root)


@pytest.fixture
def post(admin):
    """post(address, **fields): as the admin."""

    def act(address, **fields):
        return admin.post(address, data={**fields, "csrf_token": csrf_token(admin, "/tenants/connect")})

    return act


@pytest.fixture
def make_link(post):
    """make_link(**fields) -> the paths of the links that are shown."""

    def act(**fields):
        page = post("/tenants/connect/link", **{"name": "Tailspin", "access": "read", **fields}).get_data(as_text=True)
        return re.findall(r"<code>http://localhost(/connect/[\w-]+)</code>", page)

    return act
