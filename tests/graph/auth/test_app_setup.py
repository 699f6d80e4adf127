"""Nothing that goes into a script can leave its quotes."""

import pytest

from graph.auth.app_setup import AppSetup, FederatedTrust
from graph.auth.new_certificate import make_certificate

PRIVATE, CERTIFICATE = make_certificate("x")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "it's"},
        {"name": "it’s"},
        {"name": "$(reboot)"},
        {"name": ""},
        {"name": "a\nb"},
        {"directory_id": "contoso.com"},
        {"redirect_uri": "https://x/'; reboot"},
        {"redirect_uri": "javascript:alert(1)"},
        {"certificate_pem": PRIVATE + CERTIFICATE},
        {"trust": FederatedTrust("https://x/$(reboot)", "s", "a")},
        {"trust": FederatedTrust("https://x", "a'b", "a")},
    ],
)
def test_what_could_leave_its_quotes_is_refused(wrong):
    with pytest.raises(ValueError):
        AppSetup(**{"name": "Tenantkeep", "writes": False} | wrong)
