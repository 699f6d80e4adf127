"""A passkey in a real Chromium, whose authenticator is a virtual one (chromedevtools.github.io: WebAuthn domain)."""

import pytest

from db.models import Passkey, Session
from tests.support.environment import PASSWORD

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

AUTHENTICATOR = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                 "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip


@pytest.fixture
def authenticator(new_page):
    page = new_page()
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return page


def test_a_passkey_is_added_signs_in_and_is_removed(authenticator, site, cast):
    page, here = authenticator, site.replace("127.0.0.1", "localhost")
    page.goto(f"{here}/account/")
    page.fill("#email", cast.ada.email)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{here}/account/")
    page.fill("#passkey-name", "Work laptop")
    page.fill("#password-passkey", PASSWORD)
    page.click("button:text('Add a passkey')")
    page.click("button:text('Ask the browser')")
    page.wait_for_url(f"{here}/account/")
    assert "Work laptop" in page.locator("main").inner_text()
    page.context.clear_cookies()
    page.goto(f"{here}/runs/?state=failed")
    page.click("button:text('Sign in with a passkey')")
    page.wait_for_url(f"{here}/runs/?state=failed")
    assert Session.select().order_by(Session.id.desc()).get().way == "passkey"
    assert Passkey.get().sign_count > 0
    page.goto(f"{here}/account/")
    page.click("td summary:text('Remove')")
    page.fill("td input[name=password]", PASSWORD)
    page.click("button:text('Remove “Work laptop”')")
    page.wait_for_selector("text=The passkey no longer works")
    page.context.clear_cookies()
    page.goto(f"{here}/sign-in")
    page.click("button:text('Sign in with a passkey')")
    page.wait_for_selector("text=does not open an account here")
    assert [one for one in page.problems if "401" not in one] == []


def test_where_there_are_no_passkeys_the_pages_say_why(page, enter, site, cast):
    enter(page, cast.ada, "/account/")
    assert "TENANTKEEP_PUBLIC_URL" in page.locator("main").inner_text()
    page.context.clear_cookies()
    page.goto(f"{site}/sign-in")
    assert "passkey" not in page.locator("main").inner_text()
