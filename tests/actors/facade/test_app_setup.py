"""Scripts for app registrations, as pages ask for them."""

import pytest

from actors.facade import app_setup
from db.errors import Invalid
from db.states import AppAccess


def test_scripts_of_an_own_app_and_of_a_shared_one_in_the_cloud_of_the_tenant():
    own = app_setup.write_scripts(
        "Tenantkeep", AppAccess.READ, "china", issuer="https://oidc.example.com", subject="a:b"
    )
    assert "-Environment 'China'" in own.powershell
    assert "api://AzureADTokenExchangeChina" in own.azure_cli
    assert "microsoftgraph.chinacloudapi.cn" in own.azure_cli
    assert own.manifest.count('"Role"') < own.powershell.count(".All'"), "the manifest has ids alone"
    shared = app_setup.write_scripts("Tenantkeep", AppAccess.WRITE, "global", redirect_uri="https://t.example.com/back")
    assert "AzureADMultipleOrgs" in shared.powershell
    with pytest.raises(Invalid, match="name may have letters"):
        app_setup.write_scripts("it's", AppAccess.READ, "global")


def test_consent_is_asked_for_in_the_cloud_of_the_tenant_at_the_address_of_the_settings(app):
    address = app_setup.consent_address("global", "", "aaaaaaaa-1111-4111-8111-111111111111", "https://t/back", "s")
    assert "/organizations/v2.0/adminconsent?" in address
    assert "graph.microsoft.com" in address
