"""The waves in which damage is brought back, by the contents where a policy type alone does not tell."""

from collections.abc import Mapping

from actors.changes import newest_bodies
from graph.write.emergency_order import depends_on_body, emergency_wave


def find(policy_types: Mapping[int, str]) -> dict[int, int]:
    """Return policy id -> its wave. `policy_types`: policy id -> its type.

    What is endpoint security in a settings catalog its template says, in each of its contents alike. Where none opens,
    the type alone has to tell.
    """
    waves = {policy_id: emergency_wave(policy_type, {}) for policy_id, policy_type in policy_types.items()}
    unclear = [policy_id for policy_id, policy_type in policy_types.items() if depends_on_body(policy_type)]
    for policy_id, body in newest_bodies.read(unclear):
        waves[policy_id] = emergency_wave(policy_types[policy_id], body)
    return waves
