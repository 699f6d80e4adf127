"""The words of Entra's log, and that no collection is in both."""

from graph.policy_types.table import POLICY_TYPES
from graph.simulator.audit.entra_table import ENTRA
from graph.simulator.audit.intune_table import INTUNE
from tests.support.simulated_tenant import collection_of


def test_each_collection_of_policies_is_in_one_log_and_no_more():
    assert not set(INTUNE) & set(ENTRA)
    assert {collection_of(row) for row in POLICY_TYPES.values()} <= {*INTUNE, *ENTRA}


def test_names_are_those_of_the_documentation_and_of_joined_records():
    """learn.microsoft.com, audit log categories and activities; f-bader/EntraIDAuditLogToMicrosoftGraph."""
    below = {path.rpartition("conditionalAccess/")[2]: words for path, words in ENTRA.items()}
    assert {name: (below[name].service, below[name].changed) for name in (
        "policies", "namedLocations", "authenticationStrength/policies", "authenticationContextClassReferences"
    )} == {
        "policies": ("Conditional Access", "Update conditional access policy"),
        "namedLocations": ("Conditional Access", "Update named location"),
        "authenticationStrength/policies": ("Authentication Methods", "Authentication Strength Policy Update"),
        "authenticationContextClassReferences": (
            "Conditional Access", "Update AuthenticationContextClassReference"
        ),
    }  # fmt: skip
