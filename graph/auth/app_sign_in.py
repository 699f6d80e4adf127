"""Signing in to a tenant with MSAL: a secret or a certificate, one request however many threads ask.

MSAL's ways this file copes with: it asks the network in its constructor, and loses the reason when that fails; it
returns some errors and raises others; it repeats a 400 from memory for 60 s; it is not single-flight; it accepts an
empty credential; it insists on https, so that a loopback simulator has to be reached through the HTTP client.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from uuid import UUID

import msal
import requests
from msal.exceptions import MsalServiceError

from graph.auth.certificate import Certificate
from graph.auth.clouds import Endpoints
from graph.errors import GraphError, Malformed, SignInFailed, Unavailable, redact
from graph.transport import deadline, strict_json

TIMEOUT = (5, 20)
TOTAL_SECONDS = 60.0
LARGEST_ANSWER = 1024 * 1024


@dataclass(frozen=True)
class Secret:
    value: str = field(repr=False)


# Where a refused credential is replaced: each refusal that asks for another one says so.
_ANOTHER = "Give the tenant another one: under “Administer” on its page, or with: tenantkeep tenant credential"

# AADSTS number -> (code, sentence). learn.microsoft.com: Microsoft Entra authentication error codes.
_REASONS = {
    7000215: ("secret_wrong", f"The client secret is wrong: its value is asked for, not its id. {_ANOTHER}"),
    7000222: ("secret_expired", f"The client secret has expired. Make a new one in Entra. {_ANOTHER}"),
    700016: (
        "app_unknown",
        "The app registration is not known in this tenant. Check the client id, and grant admin consent.",
    ),
    90002: ("tenant_unknown", "There is no tenant with this directory id. Check the directory id and the cloud."),
    900023: ("tenant_unknown", "The directory id is not one. Copy it from the tenant's overview page in Entra."),
    700027: (
        "certificate_unknown",
        f"The certificate is not registered with the app, or has ended. Upload its public part in Entra. {_ANOTHER}",
    ),
    7000112: (
        "app_disabled",
        "The app registration is disabled in this tenant. Enable its enterprise application in Entra.",
    ),
    7000216: ("credential_missing", f"Entra received no credential. {_ANOTHER}"),
    7000218: ("credential_missing", f"Entra received no credential. {_ANOTHER}"),
    53003: ("sign_in_blocked", "A Conditional Access policy for workload identities blocks this app's sign-in."),
    500011: (
        "resource_unknown",
        "Microsoft Graph is not known under this address in the tenant. Check the tenant's cloud.",
    ),
}
_PERMANENT_HTTP = range(400, 500)
# What a header takes; a day, and what is asked for anew at once, are the ends of what Entra gives.
_TOKEN = re.compile(r"[\x21-\x7e]{1,20000}")
_SECONDS = re.compile(r"[0-9]{1,6}", re.ASCII)
_OF_A_PERSON = ("id_token", "refresh_token", "scope", "client_info")


class LoginSession(requests.Session):
    """MSAL's HTTP client: bounds on every request, and the https authority mapped to where sign-in really is.

    MSAL believes what it is answered: what reaches it from here has been looked at.
    """

    def __init__(self, endpoints: Endpoints) -> None:
        super().__init__()
        self.trust_env = False
        self._endpoints = endpoints
        for scheme in ("https://", "http://"):
            self.mount(scheme, deadline.adapter(TOTAL_SECONDS))

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", TIMEOUT)
        # A redirect could carry the client secret anywhere.
        kwargs.update(stream=True, allow_redirects=False)
        with super().request(method, self._mapped(str(url)), *args, **kwargs) as response:
            text = strict_json.read(response.iter_content(65536), LARGEST_ANSWER)
        response._content = _usable(response.status_code, text)
        return response

    def _mapped(self, url: str) -> str:
        if not url.startswith(self._endpoints.authority + "/"):
            raise SignInFailed("foreign_authority", "Entra named a sign-in address outside this tenant's cloud.")
        return self._endpoints.login_url + url.removeprefix(self._endpoints.authority)


def _usable(status: int, text: bytes) -> bytes:
    """The answer with what we need of it alone. Raises Malformed for a good one that does not hold it."""
    if status >= 500:
        return text
    try:
        found = strict_json.parsed(text)
    except Malformed as e:
        raise _not_entra() from e
    if not isinstance(found, dict) or status not in (200, *_PERMANENT_HTTP):
        raise _not_entra()
    if status != 200 or isinstance(found.get("keys"), list):  # what is wrong, or what tokens are signed with
        return text
    return json.dumps(_token_of(found) if "access_token" in found else _endpoints_of(found)).encode()


def _token_of(found: dict[str, Any]) -> dict[str, Any]:
    token, seconds = found["access_token"], str(found.get("expires_in"))
    if not isinstance(token, str) or not _TOKEN.fullmatch(token) or not _SECONDS.fullmatch(seconds):
        raise _not_entra()
    kept = {name: found[name] for name in _OF_A_PERSON if isinstance(found.get(name), str)}
    return {**kept, "token_type": "Bearer", "access_token": token, "expires_in": int(seconds)}


def _endpoints_of(found: dict[str, Any]) -> dict[str, Any]:
    names = ("issuer", "authorization_endpoint", "token_endpoint", "device_authorization_endpoint")
    if not all(isinstance(found.get(name), str) for name in names[:3]):
        raise _not_entra()
    return {name: found[name] for name in names if isinstance(found.get(name), str)}


def _not_entra() -> Malformed:
    return Malformed(
        "sign_in_malformed",
        "What answered is not Microsoft's sign-in service: it is no answer to a sign-in. Often a proxy or firewall "
        "answers in its place; check those.",
    )


class SignIn:
    """Tokens for one tenant and credential. Thread-safe; the token stays in memory."""

    def __init__(
        self, directory_id: str, client_id: str, credential: Secret | Certificate, endpoints: Endpoints
    ) -> None:
        self._directory_id, self._client_id = guid(directory_id), client_id
        self._credential, self._endpoints = _for_msal(credential), endpoints
        self._app: Any = None
        self._lock = Lock()
        self._roles: frozenset[str] = frozenset()

    def token(self, fresh: bool = False) -> str:
        """A bearer token. Raises SignInFailed, Unavailable or Throttled."""
        with self._lock:
            try:
                if fresh and self._app:
                    self._app.remove_tokens_for_client()
                self._app = self._app or self._connect()
                token = self._ask()
            except GraphError:
                # A new application object forgets MSAL's memory of the refusal: mended consent works at once.
                self._app = None
                raise
            self._roles = _roles_of(token)
            return token

    def roles(self) -> frozenset[str]:
        """The app roles in the last token, to show what is missing; Graph alone decides what they allow."""
        return self._roles

    @property
    def _authority(self) -> str:
        return f"{self._endpoints.authority}/{self._directory_id}"

    def _connect(self) -> Any:
        try:
            return msal.ConfidentialClientApplication(
                self._client_id,
                client_credential=self._credential,
                authority=self._authority,
                instance_discovery=False,
                http_client=LoginSession(self._endpoints),
            )
        except (requests.RequestException, MsalServiceError) as e:
            raise unreachable() from e
        except ValueError as e:
            raise self._discovery_refusal() from e

    def _discovery_refusal(self) -> GraphError:
        """MSAL says only that discovery failed; asking the same address again tells why."""
        try:
            with LoginSession(self._endpoints) as session:
                told = session.get(f"{self._authority}/v2.0/.well-known/openid-configuration")
            return _refusal(told.json(), told.status_code)
        except (requests.RequestException, ValueError):
            return unreachable()

    def _ask(self) -> str:
        try:
            told = self._app.acquire_token_for_client(scopes=[self._endpoints.scope])
        except (requests.RequestException, MsalServiceError, json.JSONDecodeError) as e:
            raise unreachable() from e
        token = told.get("access_token")
        if not isinstance(token, str):
            raise _refusal(told, 400)
        return token


def unreachable() -> Unavailable:
    return Unavailable("sign_in_unreachable", "Microsoft's sign-in service cannot be reached. Check the network.")


def _refusal(told: Any, status: int) -> GraphError:
    told = told if isinstance(told, dict) else {}
    numbers = told.get("error_codes")
    number = numbers[0] if isinstance(numbers, list) and numbers else 0
    code, sentence = _REASONS.get(number if isinstance(number, int) else 0, ("", ""))
    if code:
        return SignInFailed(code, sentence, status=status)
    if told.get("error") in ("temporarily_unavailable", "server_error") or status not in _PERMANENT_HTTP:
        return unreachable()
    described = str(told.get("error_description") or told.get("error") or "no reason given").split(" Trace ID")[0]
    readable = redact("".join(one if one.isprintable() else " " for one in described))
    return SignInFailed("sign_in_failed", f"Entra refused the sign-in: {readable[:300]}")


def guid(directory_id: str) -> str:
    try:
        return str(UUID(directory_id))
    except ValueError as e:
        raise SignInFailed("tenant_unknown", "The directory id must be a GUID, not a domain or “common”.") from e


def _for_msal(credential: Secret | Certificate) -> Any:
    if isinstance(credential, Secret):
        if not credential.value:
            raise SignInFailed("credential_missing", f"The tenant's client secret is empty. {_ANOTHER}")
        return credential.value
    # With the certificate itself, and no thumbprint, MSAL signs PS256 with x5t#S256: SHA-1 appears nowhere.
    given = {"private_key": credential.private_key_pem, "public_certificate": credential.certificate_pem}
    return {**given, "passphrase": credential.passphrase} if credential.passphrase else given


def _roles_of(token: str) -> frozenset[str]:
    """Decoded without verification: it is only shown."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return frozenset(str(role) for role in claims.get("roles", []))
    except (IndexError, ValueError, AttributeError):
        return frozenset()
