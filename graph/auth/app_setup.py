"""An app registration as it is to be, before a script makes it: everything that goes into a script is checked here."""

import re
from dataclasses import dataclass
from uuid import UUID

from graph.auth.clouds import Cloud
from graph.policy_types.manifest import AppRole, roles

# Letters, digits and what cannot end a quoted text in either shell: PowerShell takes typographic quotes for quotes too.
_NAME = re.compile(r"[\w .()-]{1,80}")
_TOKEN_NAME = re.compile(r"[A-Za-z0-9:/._@*=-]{1,600}")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9:/._-]{1,300}")
_PEM_BODY = re.compile(r"-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*")


@dataclass(frozen=True)
class FederatedTrust:
    """The token that the app registration trusts: who issues it, whom it names, and for whom it is made."""

    issuer: str
    subject: str
    audience: str


@dataclass(frozen=True)
class AppSetup:
    """An app registration as it is to be. Raises ValueError for what cannot be written into a script.

    `redirect_uri`: of an app that other directories consent to; "" of one for its own directory, which is granted its
    permissions at once. `directory_id`: "" for the one that whoever runs the script signs in to.
    """

    name: str
    writes: bool
    cloud: Cloud = Cloud.GLOBAL
    directory_id: str = ""
    certificate_pem: str = ""
    trust: FederatedTrust | None = None
    redirect_uri: str = ""

    def __post_init__(self) -> None:
        _require(_NAME, self.name, "The app's name may have letters, digits, spaces, dots, dashes and brackets.")
        if self.directory_id:
            UUID(self.directory_id)
        if self.redirect_uri:
            _require(_ADDRESS, self.redirect_uri, "The redirect URI must be an address without a query.")
        if self.certificate_pem:
            _require(_PEM_BODY, self.certificate_pem, "The certificate must be one, in PEM, without its private key.")
        if self.trust:
            for text in (self.trust.issuer, self.trust.subject, self.trust.audience):
                _require(
                    _TOKEN_NAME, text, "Issuer, subject and audience may have letters, digits and : / . _ @ * = -."
                )

    @property
    def is_shared(self) -> bool:
        return bool(self.redirect_uri)

    @property
    def roles(self) -> tuple[AppRole, ...]:
        return roles(self.writes)

    @property
    def audience(self) -> str:
        return "AzureADMultipleOrgs" if self.is_shared else "AzureADMyOrg"

    @property
    def certificate_base64(self) -> str:
        found = _PEM_BODY.fullmatch(self.certificate_pem)
        return "".join(found[1].split()) if found else ""


def _require(pattern: re.Pattern[str], text: str, sentence: str) -> None:
    if not pattern.fullmatch(text):
        raise ValueError(sentence)
