from datetime import timedelta

from actors.copies import layout, probes
from db.clock import utcnow


def test_a_probe_may_go_once_its_lock_is_over():
    assert probes.is_young(f"{layout.PROBES}{utcnow():{probes.TIME}}-ab")
    assert not probes.is_young(f"{layout.PROBES}{utcnow() - timedelta(days=2):{probes.TIME}}-ab")
