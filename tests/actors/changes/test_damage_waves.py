"""Endpoint security of a settings catalog is brought back with what protects, and not with the rest."""

from actors.changes import bringing_back, damage_waves
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Content, Policy
from db.policies import policies
from graph.write.emergency_order import ACCESS, PROTECTION, REST
from tests.support.captures import capture_by_hand


def _captured(tenant, name, family):
    policy = policies.get_or_create(tenant, "configurationPolicies", name, name, None)
    capture_by_hand(policy, SYSTEM, {"name": name, "settings": [], "templateReference": {"templateFamily": family}})
    return policy


def test_the_template_in_the_newest_content_tells_the_wave(cast):
    firewall = _captured(cast.contoso, "Firewall", "endpointSecurityFirewall")
    catalog = _captured(cast.contoso, "Camera", "none")
    lost = _captured(cast.contoso, "Lost", "endpointSecurityAntivirus")
    Content.update(sealed=b"").where(Content.id.in_([row.content_id for row in lost.snapshots])).execute()
    never_read = policies.get_or_create(cast.contoso, "configurationPolicies", "never", "Never read", None)
    access = policies.get_or_create(cast.contoso, "conditionalAccessPolicies", "ca", "Access", None)
    rows = (firewall, catalog, lost, never_read, access)
    waves = damage_waves.find({row.id: row.policy_type for row in rows})
    assert [waves[row.id] for row in rows] == [PROTECTION, REST, REST, REST, ACCESS]


def test_damage_to_endpoint_security_comes_before_the_rest(cast):
    catalog, firewall = (
        _captured(cast.contoso, "A camera", "none"),
        _captured(cast.contoso, "B", "endpointSecurityFirewall"),
    )
    at = utcnow()
    for policy in (catalog, firewall):
        policies.mark_gone(Policy.get_by_id(policy.id))
    ours = (catalog.id, firewall.id)
    deeds = [deed for deed in bringing_back.find(cast.contoso, at).deeds if deed.policy_id in ours]
    assert [(deed.policy_id, deed.wave) for deed in deeds] == [(firewall.id, PROTECTION), (catalog.id, REST)]
