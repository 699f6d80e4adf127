"""Signing in a person with Entra ID: authorization code with PKCE, state and nonce (learn.microsoft.com: Microsoft
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

from graph.auth.app_sign_in import guid, unreachable
from graph.auth.clouds import Endpoints
from graph.auth.public_documents import ANEW_SECONDS, EntraSession
from graph.content.spellings import GUID
from graph.errors import SignInFailed

# Entra leaves the groups out, and names where to ask for them instead, when somebody is in more than 200
# (learn.microsoft.com: Configure group claims). App roles do not have that limit.
_TOO_MANY_GROUPS = ("_claim_names", "hasgroups")
CLOCKS_APART = 120
# The person was disabled, signed out everywhere, or has to sit before a browser (learn.microsoft.com: Refresh tokens).
_NOT_ANY_MORE = frozenset({"invalid_grant", "interaction_required", "login_required", "consent_required"})

# The answer comes in the address. As a form, which MSAL would rather have, it comes from another site, and browsers
# send no SameSite cookie with that: whose sign-in it is could not be told. The code in the address is worth nothing
# without the verifier, and counts once.
warnings.filterwarnings("ignore", message="response_mode", category=UserWarning)


@dataclass(frozen=True)
class Registration:
    """The app registration that people sign in to: of our own directory, not of a tenant."""

    directory_id: str
    client_id: str
    client_secret: str = field(repr=False)
    return_address: str


@dataclass(frozen=True)
class Identity:
    """`claims`: object ids of groups, and values of app roles. `refresh_token`: with what Entra can be asked again."""

    object_id: str
    user_name: str
    name: str
    claims: frozenset[str]
    refresh_token: str = field(default="", repr=False)


def is_answer_to(flow: Mapping[str, Any], answer: Mapping[str, str]) -> bool:
    """Whether a browser comes back from where it was sent itself. Asks nobody, and takes as long for a near miss."""
    expected, given = str(flow.get("state", "")), answer.get("state", "")
    return bool(expected) and hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


class PersonSignIn:
    def __init__(self, registration: Registration, endpoints: Endpoints) -> None:
        self._registration, self._endpoints = registration, endpoints

    def begin(self) -> tuple[str, dict[str, Any]]:
        """Where to send the browser, and what must be kept, hidden from it, until it is back."""
        try:
            # Of OpenID Connect alone: this app may read nothing.
            flow = self._app().initiate_auth_code_flow(
                scopes=[], redirect_uri=self._registration.return_address, prompt="select_account"
            )
        except requests.RequestException as e:
            raise unreachable() from e
        address = str(flow.pop("auth_uri"))
        if not address.startswith(f"{self._endpoints.authority}/"):
            raise SignInFailed("foreign_authority", "Entra named a sign-in address outside its own cloud.")
        return self._endpoints.login_url + address.removeprefix(self._endpoints.authority), flow

    def finish(self, flow: Mapping[str, Any], answer: Mapping[str, str]) -> Identity:
        """`answer`: the arguments that the browser came back with. Raises SignInFailed or Unavailable."""
        try:
            result = self._app().acquire_token_by_auth_code_flow(dict(flow), dict(answer))
        except (requests.RequestException, MsalServiceError, json.JSONDecodeError) as e:
            raise unreachable() from e
        except (ValueError, KeyError, RuntimeError) as e:
            # A state or nonce that is not ours, or an ID token for somebody else: another sign-in, or an attack.
            raise SignInFailed(
                "sign_in_mismatch", "This sign-in was not begun here, or too long ago. Begin again."
            ) from e
        if "error" in result:
            raise _refusal(str(result["error"]))
        return self._identity(result, self._checked(str(result.get("id_token")), "nonce"))

    def again(self, refresh_token: str) -> Identity:
        """Who that person is now, and what they are given now, with nobody before a browser.

        Raises SignInFailed when Entra refuses the person, and Unavailable for anything else.
        """
        try:
            result = self._app().acquire_token_by_refresh_token(refresh_token, scopes=[])
        except (requests.RequestException, MsalServiceError, ValueError, KeyError, RuntimeError) as e:
            raise unreachable() from e
        if result.get("error") in _NOT_ANY_MORE:
            raise _refusal(str(result["error"]))
        if "error" in result:
            raise unreachable()
        return self._identity(result, self._checked(str(result.get("id_token"))))

    def _checked(self, id_token: str, *required: str) -> dict[str, Any]:
        """The token's claims (learn.microsoft.com: ID tokens, "Validate the token")."""
        try:
            key = self._key(jwt.get_unverified_header(id_token)["kid"])
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key,
                algorithms=["RS256"],
                audience=self._registration.client_id,
                issuer=f"{self._authority}/v2.0",
                leeway=CLOCKS_APART,
                options={"require": ["exp", "iat", "aud", "iss", *required]},
            )
        except (jwt.PyJWTError, KeyError) as e:
            raise SignInFailed("sign_in_forged", "Entra ID's answer does not prove who you are. Begin again.") from e
        return claims

    def _key(self, kid: str) -> jwt.PyJWK:
        """Of those that are kept; Entra changes them without notice, so one that is not among them is asked for."""
        try:
            return self._keys()[kid]
        except KeyError:
            return self._keys(ANEW_SECONDS)[kid]

    def _keys(self, *no_older_than: float) -> jwt.PyJWKSet:
        try:
            with EntraSession(self._endpoints) as session:
                found = session.document(f"{self._authority}/discovery/v2.0/keys", *no_older_than)
                return jwt.PyJWKSet.from_dict(found.json())
        except (requests.RequestException, ValueError, jwt.PyJWTError) as e:
            raise unreachable() from e

    @property
    def _authority(self) -> str:
        return f"{self._endpoints.authority}/{guid(self._registration.directory_id)}"

    def _app(self) -> Any:
        """A new one each time: MSAL's memory of tokens and refusals is of no use to different people."""
        try:
            return msal.ConfidentialClientApplication(
                self._registration.client_id,
                client_credential=self._registration.client_secret,
                authority=self._authority,
                instance_discovery=False,
                http_client=EntraSession(self._endpoints),
            )
        except (requests.RequestException, MsalServiceError, ValueError) as e:
            raise unreachable() from e

    def _identity(self, result: Mapping[str, Any], claims: Mapping[str, Any]) -> Identity:
        if claims.get("tid") != self._registration.directory_id or not isinstance(claims.get("oid"), str):
            raise SignInFailed("foreign_directory", "That account is of another directory than ours.")
        if any(name in claims for name in _TOO_MANY_GROUPS):
            raise SignInFailed(
                "too_many_groups",
                "You are in more groups than Entra ID names in a sign-in. An admin has to let the app registration "
                "send app roles, or only the groups assigned to it.",
            )
        user_name = str(claims.get("preferred_username") or claims.get("email") or claims["oid"])
        name = str(claims.get("name") or user_name)
        return Identity(claims["oid"], user_name, name, _given(claims), str(result.get("refresh_token") or ""))


def _given(claims: Mapping[str, Any]) -> frozenset[str]:
    """Groups by their ids alone, app roles by all else: anybody may call a group like an app role of ours.

    Where a registration has Entra send the names of groups, those name nothing here.
    """
    groups, roles = map(str, claims.get("groups") or ()), map(str, claims.get("roles") or ())
    return frozenset(
        {one.lower() for one in groups if GUID.fullmatch(one)} | {one for one in roles if not GUID.fullmatch(one)}
    )


def _refusal(error: str) -> SignInFailed:
    if error in ("access_denied", "login_required", "interaction_required"):
        return SignInFailed("sign_in_cancelled", "The sign-in with Entra ID was cancelled. Nothing happened.")
    return SignInFailed(
        "sign_in_failed",
        "Entra ID refused the sign-in. An admin finds the reason in Entra under Sign-in logs; the client secret of the "
        "app registration may have expired.",
    )
