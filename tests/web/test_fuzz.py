"""A short walk of the fuzzer; `make fuzz` goes further. What must hold is said in tests/fuzz/fuzzer.py."""

import pytest
import redis

from db.models import Membership, User
from tests.fuzz.fuzzer import THOROUGH, Fuzzer
from tests.support import two_tenants
from tests.support.environment import REDIS_PORT
from tests.support.forms import csrf_token
from tests.support.two_tenants import PEOPLE

FUZZERS = ("admin", "manager", "operator", "reader", "auditor", "anonymous")
# On a short walk: whose forms are all there are, and who has none.
FEW = ("admin", "manager", "anonymous")


@pytest.fixture
def enter(app, sign_in, _password_hash):
    """enter(name) -> (cookie, token) of a person who is again what they were, whatever was done to them meanwhile."""
    _own, _other, people = two_tenants.both(_password_hash)
    memberships = list(Membership.select().dicts())

    def put_back(user, name):
        User.update(email=user.email, site_role=PEOPLE[name][0], is_active=True, password_hash=_password_hash,
                    totp_secret=None).where(User.id == user.id).execute()  # fmt: skip
        Membership.insert_many(memberships).on_conflict_ignore().execute()

    def act(name):
        client, user = app.test_client(), people.get(name)
        with redis.Redis(port=REDIS_PORT) as store:
            store.flushall()  # what was tried too often
        if user:
            put_back(user, name)
            sign_in(client, user)
        token = csrf_token(client, "/notifications/" if user else "/sign-in")
        return f"tenantkeep={client.get_cookie('tenantkeep').value}", token

    return act


# The stricter engine: what it takes, SQLite takes.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
# Of a body that breaks off, werkzeug leaves the part it had read to the garbage collector.
@pytest.mark.filterwarnings("ignore:Exception ignored in.*SpooledTemporaryFile")
def test_no_hostile_request_is_an_error_or_leaves_markup_behind(app, enter, request):
    seed, count = (request.config.getoption(f"--fuzz-{name}") for name in ("seed", "requests"))
    figures = Fuzzer(app, enter, FUZZERS if count >= THOROUGH else FEW, seed).run(count)
    print("", *figures.lines(), sep="\n")
    assert not figures.violations, "\n".join(figures.violations[:20])
