"""Scripts and addresses for app registrations, for pages: graph/auth/setup_scripts.py, graph/auth/consent.py."""

from dataclasses import dataclass

import config
from db.errors import Invalid
from db.states import AppAccess
from graph.auth import consent, new_certificate, setup_scripts
from graph.auth.app_setup import AppSetup, FederatedTrust
from graph.auth.client_assertions import AUDIENCES
from graph.auth.clouds import Cloud, endpoints
from graph.auth.consent import ANY_DIRECTORY, ConsentAnswer, read_consent_answer

__all__ = ["ANY_DIRECTORY", "ConsentAnswer", "consent_address", "read_consent_answer", "thumbprint", "write_scripts"]

thumbprint = new_certificate.thumbprint


@dataclass(frozen=True)
class SetupScripts:
    """Scripts that make the app registration, and what its manifest holds, for whoever does it by hand."""

    powershell: str
    azure_cli: str
    manifest: str


def write_scripts(
    name: str,
    access: AppAccess,
    cloud: str,
    *,
    directory_id: str = "",
    certificate_pem: str = "",
    redirect_uri: str = "",
    issuer: str = "",
    subject: str = "",
) -> SetupScripts:
    """Write the scripts for an app of a tenant's own, or with `redirect_uri` for one that many tenants consent to.

    `certificate_pem`: the public part. `issuer`, `subject`: of the token that the app is to trust. Raises Invalid.
    """
    trust = FederatedTrust(issuer, subject, AUDIENCES[Cloud(cloud)]) if issuer else None
    try:
        setup = AppSetup(
            name=name,
            writes=access == AppAccess.WRITE,
            cloud=Cloud(cloud),
            directory_id=directory_id,
            certificate_pem=certificate_pem,
            trust=trust,
            redirect_uri=redirect_uri,
        )
    except ValueError as e:
        raise Invalid(str(e)) from e
    return SetupScripts(setup_scripts.powershell(setup), setup_scripts.azure_cli(setup), setup_scripts.manifest(setup))


def consent_address(cloud: str, directory_id: str, client_id: str, redirect_uri: str, state: str) -> str:
    """Return the address of Microsoft's consent page. `directory_id`: "" where nobody knows it yet."""
    directory, settings = directory_id or ANY_DIRECTORY, config.settings()
    where = endpoints(cloud, login_url=settings.login_url, graph_url=settings.graph_url)
    return consent.admin_consent_url(where, directory, client_id, redirect_uri, state)
