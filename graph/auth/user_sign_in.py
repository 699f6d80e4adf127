"""Sign in a person with Entra ID: authorization code with PKCE, state and nonce (learn.microsoft.com: Microsoft
identity platform and OAuth 2.0 authorization code flow). Nothing here asks Microsoft Graph.

MSAL makes and checks state, nonce and the code verifier. It checks nothing else of the ID token since 1.38: signature,
audience, issuer and age are checked here. It returns some errors and raises others; they all become SignInFailed or
Unavailable.
"""

import hmac
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
import msal
import requests
from msal.exceptions import MsalServiceError

from graph.auth.app_sign_in import require_guid, unreachable_error
from graph.auth.clouds import Endpoints
from graph.auth.public_documents import MIN_REFRESH_SECONDS, EntraSession
from graph.content.spellings import GUID
from graph.errors import SignInFailed

# Entra leaves the groups out, and names where to ask for them instead, when somebody is in more than 200
# (learn.microsoft.com: Configure group claims). App roles do not have that limit.
_GROUPS_LEFT_OUT = ("_claim_names", "hasgroups")
CLOCK_LEEWAY_SECONDS = 120
# The person was disabled, signed out everywhere, or has to sit before a browser (learn.microsoft.com: Refresh tokens).
_PERSON_REFUSED = frozenset({"invalid_grant", "interaction_required", "login_required", "consent_required"})

# The answer comes in the address. MSAL would rather have it as a form, and warns. But a form comes from another site,
# and browsers send no SameSite cookie with that: we could not tell whose sign-in it is. The code in the address is
# worth nothing without the verifier, and can be used once.
warnings.filterwarnings("ignore", message="response_mode", category=UserWarning)


@dataclass(frozen=True)
class Registration:
    """The app registration that people sign in to. It is in our own directory, not in a tenant."""

    directory_id: str
    client_id: str
    client_secret: str = field(repr=False)
    return_address: str


@dataclass(frozen=True)
class UserIdentity:
    """A person who has signed in.

    `claims`: object ids of groups and values of app roles. `refresh_token`: to ask Entra again later.
    """

    object_id: str
    user_name: str
    name: str
    claims: frozenset[str]
    refresh_token: str = field(default="", repr=False)


def is_answer_to(flow: Mapping[str, Any], answer: Mapping[str, str]) -> bool:
    """Tell whether the answer belongs to the flow that this browser began.

    Compares in constant time, and asks nobody.
    """
    expected, answered = str(flow.get("state", "")), answer.get("state", "")
    return bool(expected) and hmac.compare_digest(expected.encode(), answered.encode("utf-8", "replace"))


class UserSignIn:
    def __init__(self, registration: Registration, endpoints: Endpoints) -> None:
        self._registration, self._endpoints = registration, endpoints

    def begin(self) -> tuple[str, dict[str, Any]]:
        """Return where to send the browser, and the flow: to be kept, hidden from it, until it is back."""
        try:
            # No scopes beside those of OpenID Connect: this app may read nothing.
            flow = self._app().initiate_auth_code_flow(
                scopes=[], redirect_uri=self._registration.return_address, prompt="select_account"
            )
        except requests.RequestException as e:
            raise unreachable_error(e) from e
        address = str(flow.pop("auth_uri"))
        if not address.startswith(f"{self._endpoints.authority}/"):
            raise SignInFailed("foreign_authority", "Entra named a sign-in address outside its own cloud.")
        return self._endpoints.login_url + address.removeprefix(self._endpoints.authority), flow

    def finish(self, flow: Mapping[str, Any], answer: Mapping[str, str]) -> UserIdentity:
        """Return who signed in; `answer` is the query that the browser came back with.

        Raises SignInFailed or Unavailable.
        """
        try:
            result = self._app().acquire_token_by_auth_code_flow(dict(flow), dict(answer))
        except (requests.RequestException, MsalServiceError, json.JSONDecodeError) as e:
            raise unreachable_error(e) from e
        except (ValueError, KeyError, RuntimeError) as e:
            # A state or nonce that is not ours, or an ID token for somebody else: another sign-in, or an attack.
            raise SignInFailed(
                "sign_in_mismatch", "This sign-in was not begun here, or too long ago. Begin again."
            ) from e
        if "error" in result:
            raise _refusal_error(str(result["error"]))
        return self._identity(result, self._verified_claims(str(result.get("id_token")), "nonce"))

    def again(self, refresh_token: str) -> UserIdentity:
        """Ask Entra who that person is now and which groups and roles they have, without a browser.

        Raises SignInFailed when Entra refuses the person, and Unavailable for anything else.
        """
        try:
            result = self._app().acquire_token_by_refresh_token(refresh_token, scopes=[])
        except (requests.RequestException, MsalServiceError, ValueError, KeyError, RuntimeError) as e:
            raise unreachable_error(e) from e
        if result.get("error") in _PERSON_REFUSED:
            raise _refusal_error(str(result["error"]))
        if "error" in result:
            raise unreachable_error()
        return self._identity(result, self._verified_claims(str(result.get("id_token"))))

    def _verified_claims(self, id_token: str, *required: str) -> dict[str, Any]:
        """Return the claims of a token that is genuine (learn.microsoft.com: ID tokens, "Validate the token")."""
        try:
            key = self._key(jwt.get_unverified_header(id_token)["kid"])
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key,
                algorithms=["RS256"],
                audience=self._registration.client_id,
                issuer=f"{self._authority}/v2.0",
                leeway=CLOCK_LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "aud", "iss", *required]},
            )
        except (jwt.PyJWTError, KeyError) as e:
            raise SignInFailed("sign_in_forged", "Entra ID's answer does not prove who you are. Begin again.") from e
        return claims

    def _key(self, kid: str) -> jwt.PyJWK:
        """Return Entra's signing key of this id. Entra changes its keys without notice: an unknown one is asked for."""
        try:
            return self._keys()[kid]
        except KeyError:
            return self._keys(MIN_REFRESH_SECONDS)[kid]

    def _keys(self, *no_older_than: float) -> jwt.PyJWKSet:
        try:
            with EntraSession(self._endpoints) as session:
                response = session.get_document(f"{self._authority}/discovery/v2.0/keys", *no_older_than)
                return jwt.PyJWKSet.from_dict(response.json())
        except (requests.RequestException, ValueError, jwt.PyJWTError) as e:
            raise unreachable_error(e) from e

    @property
    def _authority(self) -> str:
        return f"{self._endpoints.authority}/{require_guid(self._registration.directory_id)}"

    def _app(self) -> Any:
        """Return a new MSAL application: its memory of tokens and refusals must not serve another person."""
        try:
            return msal.ConfidentialClientApplication(
                self._registration.client_id,
                client_credential=self._registration.client_secret,
                authority=self._authority,
                instance_discovery=False,
                http_client=EntraSession(self._endpoints),
            )
        except (requests.RequestException, MsalServiceError, ValueError) as e:
            raise unreachable_error(e) from e

    def _identity(self, result: Mapping[str, Any], claims: Mapping[str, Any]) -> UserIdentity:
        if claims.get("tid") != self._registration.directory_id or not isinstance(claims.get("oid"), str):
            raise SignInFailed("foreign_directory", "That account is of another directory than ours.")
        if any(name in claims for name in _GROUPS_LEFT_OUT):
            raise SignInFailed(
                "too_many_groups",
                "You are in more groups than Entra ID names in a sign-in. An admin has to let the app registration "
                "send app roles, or only the groups assigned to it.",
            )
        user_name = str(claims.get("preferred_username") or claims.get("email") or claims["oid"])
        name = str(claims.get("name") or user_name)
        return UserIdentity(
            claims["oid"], user_name, name, _grant_claims(claims), str(result.get("refresh_token") or "")
        )


def _grant_claims(claims: Mapping[str, Any]) -> frozenset[str]:
    """Return the ids of groups and the values of app roles.

    A group counts by its id alone: anybody may give a group the name of one of our app roles. A registration may have
    Entra send names of groups; they are left out.
    """
    groups, roles = map(str, claims.get("groups") or ()), map(str, claims.get("roles") or ())
    return frozenset(
        {group.lower() for group in groups if GUID.fullmatch(group)}
        | {role for role in roles if not GUID.fullmatch(role)}
    )


def _refusal_error(error: str) -> SignInFailed:
    if error in ("access_denied", "login_required", "interaction_required"):
        return SignInFailed("sign_in_cancelled", "The sign-in with Entra ID was cancelled. Nothing happened.")
    return SignInFailed(
        "sign_in_failed",
        "Entra ID refused the sign-in. An admin finds the reason in Entra under Sign-in logs; the client secret of the "
        "app registration may have expired.",
    )
