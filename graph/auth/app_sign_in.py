"""Sign in to a tenant as an app, with a secret or a certificate: one request, however many threads ask.

MSAL needs care: it asks the network in its constructor, and loses the reason when that fails; it
returns some errors and raises others; it repeats a 400 from memory for 60 s; it is not single-flight; it accepts an
empty credential; it insists on https, so that a loopback simulator has to be reached through the HTTP client.
"""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from uuid import UUID

import msal
import requests
from msal.exceptions import MsalServiceError

from graph.auth.certificate import Certificate
from graph.auth.client_assertions import FederatedTokenFile, ManagedIdentity
from graph.auth.clouds import Endpoints
from graph.errors import Forbidden, GraphError, Malformed, SignInFailed, Unavailable, redact
from graph.transport import deadline, outbound, strict_json

TIMEOUT = (5, 20)
TOTAL_SECONDS = 60.0
LARGEST_ANSWER = 1024 * 1024


@dataclass(frozen=True)
class ClientSecret:
    value: str = field(repr=False)


AppCredential = ClientSecret | Certificate | FederatedTokenFile | ManagedIdentity

# Where a refused credential is replaced: each refusal that asks for another one says so.
_HOW_TO_REPLACE = "Give the tenant another one: under “Administer” on its page, or with: tenantkeep tenant credential"

# AADSTS number -> (code, sentence). learn.microsoft.com: Microsoft Entra authentication error codes.
_REASONS = {
    7000215: ("secret_wrong", f"The client secret is wrong: its value is asked for, not its id. {_HOW_TO_REPLACE}"),
    7000222: ("secret_expired", f"The client secret has expired. Make a new one in Entra. {_HOW_TO_REPLACE}"),
    700016: (
        "app_unknown",
        "The app registration is not known in this tenant. Check the client id, and grant admin consent.",
    ),
    90002: ("tenant_unknown", "There is no tenant with this directory id. Check the directory id and the cloud."),
    900023: ("tenant_unknown", "The directory id is not one. Copy it from the tenant's overview page in Entra."),
    700027: (
        "certificate_unknown",
        f"The certificate is not registered with the app, or has ended. Upload its public part in Entra. "
        f"{_HOW_TO_REPLACE}",
    ),
    7000112: (
        "app_disabled",
        "The app registration is disabled in this tenant. Enable its enterprise application in Entra.",
    ),
    # Seen with azure-cli and msal (SidU/openclaw-teams-setup#3): an app registration without its service principal.
    7000229: (
        "app_without_principal",
        "The app has no enterprise application in this tenant yet. Grant admin consent in the tenant.",
    ),
    # Azure/login#482, #515, Azure/azure-workload-identity#340, #1200: subject, case of the subject, any, issuer.
    **dict.fromkeys(
        (700213, 7002138, 70021, 700211),
        (
            "federation_unknown",
            "No federated credential of the app registration matches this installation's token: issuer, subject and "
            "audience must be the same to the letter. A new one takes some minutes.",
        ),
    ),
    7000216: ("credential_missing", f"Entra received no credential. {_HOW_TO_REPLACE}"),
    7000218: ("credential_missing", f"Entra received no credential. {_HOW_TO_REPLACE}"),
    53003: ("sign_in_blocked", "A Conditional Access policy for workload identities blocks this app's sign-in."),
    500011: (
        "resource_unknown",
        "Microsoft Graph is not known under this address in the tenant. Check the tenant's cloud.",
    ),
}
# Another credential of the same app may do where this one is refused.
_REFUSED_CREDENTIALS = frozenset(
    {
        "secret_wrong", "secret_expired", "certificate_unknown", "federation_unknown", "credential_missing",
        "federated_token_missing", "federated_token_malformed", "identity_missing",
    }
)  # fmt: skip
# So long after consent the app, or its service principal, may not be known everywhere yet.
_NOT_THERE_YET = frozenset({"app_unknown", "app_disabled", "app_without_principal"})
_PERMANENT_HTTP = range(400, 500)
# A token has to fit into a header. Entra's tokens are valid for a day at most.
_TOKEN = re.compile(r"[\x21-\x7e]{1,20000}")
_SECONDS = re.compile(r"[0-9]{1,6}", re.ASCII)
_PERSON_FIELDS = ("id_token", "refresh_token", "scope", "client_info")


class LoginSession(requests.Session):
    """The HTTP client that MSAL is given: every request is bounded, and the https authority mapped to the real address.

    MSAL believes whatever it is answered, so each answer is checked here first.
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
        with super().request(method, self._real_url(str(url)), *args, **kwargs) as response:
            text = strict_json.read_bounded(response.iter_content(65536), LARGEST_ANSWER)
        response._content = _reduced(response.status_code, text)
        return response

    def _real_url(self, url: str) -> str:
        if not url.startswith(self._endpoints.authority + "/"):
            raise SignInFailed("foreign_authority", "Entra named a sign-in address outside this tenant's cloud.")
        return self._endpoints.login_url + url.removeprefix(self._endpoints.authority)


def _reduced(status: int, text: bytes) -> bytes:
    """Return the answer with only what we need of it. Raises Malformed where a 200 lacks that."""
    if status >= 500:
        return text
    try:
        answer = strict_json.parse(text)
    except Malformed as e:
        raise _not_entra_error() from e
    if not isinstance(answer, dict) or status not in (200, *_PERMANENT_HTTP):
        raise _not_entra_error()
    if status != 200 or isinstance(answer.get("keys"), list):  # what is wrong, or what tokens are signed with
        return text
    return json.dumps(_token_answer(answer) if "access_token" in answer else _endpoints_answer(answer)).encode()


def _token_answer(answer: dict[str, Any]) -> dict[str, Any]:
    token, seconds = answer["access_token"], str(answer.get("expires_in"))
    if not isinstance(token, str) or not _TOKEN.fullmatch(token) or not _SECONDS.fullmatch(seconds):
        raise _not_entra_error()
    person_fields = {name: answer[name] for name in _PERSON_FIELDS if isinstance(answer.get(name), str)}
    return {**person_fields, "token_type": "Bearer", "access_token": token, "expires_in": int(seconds)}


def _endpoints_answer(answer: dict[str, Any]) -> dict[str, Any]:
    names = ("issuer", "authorization_endpoint", "token_endpoint", "device_authorization_endpoint")
    if not all(isinstance(answer.get(name), str) for name in names[:3]):
        raise _not_entra_error()
    return {name: answer[name] for name in names if isinstance(answer.get(name), str)}


def _not_entra_error() -> Malformed:
    return Malformed(
        "sign_in_malformed",
        "What answered is not Microsoft's sign-in service: it is no answer to a sign-in. Often a proxy or firewall "
        "answers in its place; check those.",
    )


def is_not_there_yet(error: GraphError) -> bool:
    """Return whether the error may only say that Entra did not carry a fresh consent to all its servers yet.

    Graph's refusal for lack of a permission may say so too: early tokens lack roles. Seconds to minutes; every try
    needs a sign-in of its own, since MSAL repeats a refusal for a minute.
    """
    return error.code in _NOT_THERE_YET or isinstance(error, Forbidden)


class AppSignIn:
    """Gives tokens for one tenant and app. Thread-safe; the token stays in memory.

    `spares`: further credentials of the same app. One that is refused gives way to the next, and the one that worked
    is used from then on: so a credential is replaced without a gap.
    """

    def __init__(
        self,
        directory_id: str,
        client_id: str,
        credential: AppCredential,
        endpoints: Endpoints,
        spares: Sequence[AppCredential] = (),
    ) -> None:
        self._directory_id, self._client_id = require_guid(directory_id), client_id
        self._credentials = [_msal_credential(each) for each in (credential, *spares)]
        self._endpoints = endpoints
        self._app: Any = None
        self._lock = Lock()
        self._roles: frozenset[str] = frozenset()
        self._principal_id: str | None = None
        self._directory_claim: str | None = None

    def token(self, fresh: bool = False) -> str:
        """Return a bearer token. Raises SignInFailed, Unavailable or Throttled."""
        with self._lock:
            if fresh and self._app:
                self._app.remove_tokens_for_client()
            token = self._ask_with_each()
            claims = _claims_in(token)
            self._roles = frozenset(str(role) for role in _listed(claims.get("roles")))
            self._principal_id = claims["oid"] if isinstance(claims.get("oid"), str) else None
            self._directory_claim = claims["tid"].lower() if isinstance(claims.get("tid"), str) else None
            return token

    def _ask_with_each(self) -> str:
        """Ask with the credential that worked last, and where it is refused with the others. Raises the first error."""
        first: GraphError | None = None
        for _ in range(len(self._credentials)):
            try:
                self._app = self._app or self._connect()
                return self._ask()
            except GraphError as e:
                # MSAL remembers the refusal in this object. With a new one, mended consent works at once.
                self._app = None
                first = first or e
                if e.code not in _REFUSED_CREDENTIALS:
                    raise
            self._credentials.append(self._credentials.pop(0))
        raise first or unreachable_error()

    def roles(self) -> frozenset[str]:
        """Return the app roles in the last token, to show what is missing. Graph alone decides what they allow."""
        return self._roles

    def principal_id(self) -> str | None:
        """Return the id of our service principal in the tenant, as the last token says; None before there is one.

        learn.microsoft.com, Access token claims reference: `oid`.
        """
        return self._principal_id

    def directory_claim(self) -> str | None:
        """Return the id of the directory that issued the last token, as it says; None before there is one.

        learn.microsoft.com, Access token claims reference: `tid`.
        """
        return self._directory_claim

    @property
    def _authority(self) -> str:
        return f"{self._endpoints.authority}/{self._directory_id}"

    def _connect(self) -> Any:
        try:
            return msal.ConfidentialClientApplication(
                self._client_id,
                client_credential=self._credentials[0],
                authority=self._authority,
                instance_discovery=False,
                http_client=LoginSession(self._endpoints),
            )
        except (requests.RequestException, MsalServiceError) as e:
            raise unreachable_error(e) from e
        except ValueError as e:
            raise self._discovery_error() from e

    def _discovery_error(self) -> GraphError:
        """Ask the same address again: MSAL says only that discovery failed, and not why."""
        try:
            with LoginSession(self._endpoints) as session:
                response = session.get(f"{self._authority}/v2.0/.well-known/openid-configuration")
            return _sign_in_error(response.json(), response.status_code)
        except (requests.RequestException, ValueError) as e:
            return unreachable_error(e)

    def _ask(self) -> str:
        try:
            answer = self._app.acquire_token_for_client(scopes=[self._endpoints.scope])
        except (requests.RequestException, MsalServiceError, json.JSONDecodeError) as e:
            raise unreachable_error(e) from e
        token = answer.get("access_token")
        if not isinstance(token, str):
            raise _sign_in_error(answer, 400)
        return token


def unreachable_error(cause: BaseException | None = None) -> Unavailable:
    """Return the error, which says so where the proxy or a certificate is the cause."""
    trouble = outbound.explain(cause, "Microsoft's sign-in service") if cause else None
    if trouble:
        return Unavailable(*trouble)
    return Unavailable("sign_in_unreachable", "Microsoft's sign-in service cannot be reached. Check the network.")


def _sign_in_error(answer: Any, status: int) -> GraphError:
    answer = answer if isinstance(answer, dict) else {}
    numbers = answer.get("error_codes")
    number = numbers[0] if isinstance(numbers, list) and numbers else 0
    code, sentence = _REASONS.get(number if isinstance(number, int) else 0, ("", ""))
    if code:
        return SignInFailed(code, sentence, status=status)
    if answer.get("error") in ("temporarily_unavailable", "server_error") or status not in _PERMANENT_HTTP:
        return unreachable_error()
    described = str(answer.get("error_description") or answer.get("error") or "no reason given").split(" Trace ID")[0]
    readable = redact("".join(char if char.isprintable() else " " for char in described))
    return SignInFailed("sign_in_failed", f"Entra refused the sign-in: {readable[:300]}")


def require_guid(directory_id: str) -> str:
    """Return the directory id in its usual spelling. Raises SignInFailed if it is no GUID."""
    try:
        return str(UUID(directory_id))
    except ValueError as e:
        raise SignInFailed("tenant_unknown", "The directory id must be a GUID, not a domain or “common”.") from e


def _msal_credential(credential: AppCredential) -> Any:
    if isinstance(credential, FederatedTokenFile | ManagedIdentity):
        return {"client_assertion": credential.read}  # asked anew for each token: it ends within the hour
    if isinstance(credential, ClientSecret):
        if not credential.value:
            raise SignInFailed("credential_missing", f"The tenant's client secret is empty. {_HOW_TO_REPLACE}")
        return credential.value
    # With the certificate itself, and no thumbprint, MSAL signs PS256 with x5t#S256: SHA-1 appears nowhere.
    msal_credential = {"private_key": credential.private_key_pem, "public_certificate": credential.certificate_pem}
    return {**msal_credential, "passphrase": credential.passphrase} if credential.passphrase else msal_credential


def _claims_in(token: str) -> dict[str, Any]:
    """Return what a token claims; its signature is not checked, for it is only shown and compared."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return claims if isinstance(claims, dict) else {}
    except (IndexError, ValueError):
        return {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
