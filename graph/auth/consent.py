"""Admin consent: the address of Microsoft's page, and what it answers with.

learn.microsoft.com, Admin consent on the Microsoft identity platform: the scope `/.default` is what asks for the app's
own roles; on a refusal the answer has `admin_consent=True` too, so that only the lack of `error` is a success. The
directory in the answer can be forged: nothing is believed before a token of that directory says the same.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from graph.auth.clouds import Endpoints

# Where nobody knows the directory yet. Never “common”: personal accounts have no directory to consent for.
ANY_DIRECTORY = "organizations"
_LONGEST_STATE = 1000
_NUMBER = re.compile(r"AADSTS(\d{4,9})")

_MISSING = "Admin approval is needed, and was not given. Somebody who may grant consent for the directory has to agree."
_REDIRECT = "The app registration does not know our address. Add the redirect URI that the page “Our apps” shows to it."
_GONE = "This directory was deleted, or is not available here. Check the directory id and the cloud."
# AADSTS number -> (code, sentence). learn.microsoft.com: Microsoft Entra authentication error codes.
_REASONS = {
    65004: ("consent_declined", "The administrator declined. Nothing was granted; the link may be used again."),
    90094: ("consent_missing", _MISSING),
    90008: ("consent_missing", _MISSING),
    65001: ("consent_missing", _MISSING),
    50194: (
        "app_not_shared",
        "The app registration is for one directory only. In Entra, let it have accounts in any organizational one.",
    ),
    500113: ("redirect_missing", _REDIRECT),
    50011: ("redirect_missing", _REDIRECT),
    50020: (
        "account_not_here",
        "The account does not belong to this directory: a guest or personal account signed in. Sign in as one of its "
        "own administrators.",
    ),
    700016: (
        "app_unknown",
        "The app is not known in this directory: not consented to yet, or the wrong directory or cloud.",
    ),
    # The text that KelvinTegelaar/CIPP shows: try again in 30 seconds.
    650051: ("consent_under_way", "Entra is still at work on an earlier consent. Try again in half a minute."),
    5000224: ("directory_gone", _GONE),
    900023: ("directory_gone", _GONE),
    53003: (
        "sign_in_blocked",
        "A Conditional Access policy of the directory blocked the sign-in of the administrator.",
    ),
}
# The older page's word, and that of people who close it.
_DECLINED = frozenset({"permission_denied", "access_denied"})


@dataclass(frozen=True)
class ConsentAnswer:
    """`directory_id`: as the answer says it, to be proven. `error_code` and `sentence`: None when consent was given."""

    directory_id: str | None
    state: str
    error_code: str | None = None
    sentence: str | None = None


def admin_consent_url(endpoints: Endpoints, directory_id: str, client_id: str, redirect_uri: str, state: str) -> str:
    """Return the address where an administrator consents. `directory_id`: a GUID, or ANY_DIRECTORY.

    `redirect_uri`: exactly as the app registration has it. Raises ValueError for a directory that is neither.
    """
    directory = ANY_DIRECTORY if directory_id == ANY_DIRECTORY else str(UUID(directory_id))
    query = {"client_id": client_id, "scope": endpoints.scope, "redirect_uri": redirect_uri, "state": state}
    return f"{endpoints.login_url}/{directory}/v2.0/adminconsent?{urlencode(query)}"


def read_consent_answer(query: Mapping[str, str]) -> ConsentAnswer:
    """Read what Microsoft's page came back with. What it says is not believed, and no text of it is kept."""
    directory_id, state = _guid(query.get("tenant", "")), query.get("state", "")[:_LONGEST_STATE]
    error = query.get("error", "")
    if not error and query.get("admin_consent", "").lower() == "true":
        return ConsentAnswer(directory_id, state)
    return ConsentAnswer(directory_id, state, *_reason(error, query.get("error_description", "")[:2000]))


def _reason(error: str, description: str) -> tuple[str, str]:
    number = _NUMBER.search(description)
    if number and int(number[1]) in _REASONS:
        return _REASONS[int(number[1])]
    if error in _DECLINED:
        return _REASONS[65004]
    if error == "consent_required":
        return _REASONS[65001]
    named = f" (AADSTS{number[1]})" if number else ""
    return "consent_failed", f"Entra did not grant consent{named}. Open the link again, as an administrator."


def _guid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None
