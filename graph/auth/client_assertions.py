"""Credentials without a secret: a token of the platform, or of the machine's managed identity, that Entra exchanges.

The app registration names issuer and subject of that token in a federated credential (learn.microsoft.com, Workload
identity federation; Configure an application to trust a managed identity).
"""

import json
from dataclasses import dataclass
from pathlib import Path

import requests

from graph.auth.clouds import Cloud
from graph.errors import SignInFailed, Unavailable, register_secrets

# What a token must be made for. learn.microsoft.com, Configure an application to trust a managed identity.
AUDIENCES = {
    Cloud.GLOBAL: "api://AzureADTokenExchange",
    Cloud.US_GOV: "api://AzureADTokenExchangeUSGov",
    Cloud.US_DOD: "api://AzureADTokenExchangeUSGov",
    Cloud.CHINA: "api://AzureADTokenExchangeChina",
}
_LARGEST_TOKEN = 20_000
# The service is on the machine itself. It may be slow to make its first token.
_TIMEOUT = (3, 20)
# learn.microsoft.com, How to use managed identities on a virtual machine to acquire an access token.
_TOKEN_PATH, _API_VERSION = "/metadata/identity/oauth2/token", "2018-02-01"


@dataclass(frozen=True)
class FederatedTokenFile:
    """The token that the platform writes into a file, and writes anew before it ends."""

    path: str

    def read(self) -> str:
        """Return the token that is there now. Raises SignInFailed without one."""
        if not self.path:
            raise SignInFailed(
                "federated_token_missing",
                "This installation has no federated token: set TENANTKEEP_FEDERATED_TOKEN_FILE to the file that the "
                "platform writes it to.",
            )
        try:
            with Path(self.path).open(encoding="ascii") as file:
                token = file.read(_LARGEST_TOKEN + 1).strip()
        except (OSError, ValueError) as e:
            raise SignInFailed(
                "federated_token_missing",
                "The file that TENANTKEEP_FEDERATED_TOKEN_FILE names cannot be read: the platform writes the token "
                "into it. Check the path, and who may read it.",
            ) from e
        return _checked(token, "The file that TENANTKEEP_FEDERATED_TOKEN_FILE names")


@dataclass(frozen=True)
class ManagedIdentity:
    """The machine's identity. `url`: of its metadata service. `client_id`: of one of several; "": the only one."""

    url: str
    audience: str
    client_id: str = ""

    def read(self) -> str:
        """Return a token of the machine's identity. Raises SignInFailed where it has none, or Unavailable."""
        query = {"api-version": _API_VERSION, "resource": self.audience}
        if self.client_id:
            query["client_id"] = self.client_id
        with requests.Session() as session:
            session.trust_env = False  # never through a proxy: the address is the machine's own
            try:
                response = session.get(
                    self.url + _TOKEN_PATH,
                    params=query,
                    headers={"Metadata": "true"},
                    timeout=_TIMEOUT,
                    allow_redirects=False,
                )
            except requests.RequestException as e:
                raise Unavailable(
                    "identity_unreachable",
                    "This machine has no managed identity that answers: its metadata service cannot be reached. "
                    "Check TENANTKEEP_IDENTITY_URL, or use another kind of credential.",
                ) from e
        return _token_in(response)


def _token_in(response: requests.Response) -> str:
    # 404, 410 and 429: it begins, or is busy; it is to be asked again (the same page, Error handling).
    if response.status_code in (404, 410, 429) or response.status_code >= 500:
        raise Unavailable("identity_unreachable", "The machine's metadata service is busy. It is asked again.")
    try:
        answer = response.json() if response.status_code == 200 else {}
    except (json.JSONDecodeError, requests.RequestException):
        answer = {}
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str):
        raise SignInFailed(
            "identity_missing",
            "The machine's metadata service gave no token: this machine has no managed identity, or not the one that "
            "was named. Assign it to the machine, or check its client id.",
            status=response.status_code,
        )
    return _checked(token, "The machine's metadata service")


def _checked(token: str, source: str) -> str:
    if token.count(".") != 2 or len(token) > _LARGEST_TOKEN or not token.isascii() or not token.isprintable():
        raise SignInFailed("federated_token_malformed", f"{source} holds no token: a signed JWT is expected.")
    register_secrets([token])
    return token
