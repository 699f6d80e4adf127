"""The acts of connecting are told in the groups of the audit log's filter."""

from web.views.audit_acts.audit_acts import ACTS, INSTALLATION, TENANTS
from web.views.audit_acts.connection_acts import CONNECTION_ACTS


def test_acts_stand_in_the_groups_of_the_filter():
    assert CONNECTION_ACTS.items() <= ACTS.items()
    assert {act.group for act in CONNECTION_ACTS.values()} == {TENANTS, INSTALLATION}
