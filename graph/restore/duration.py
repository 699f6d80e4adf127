"""How long a live restore takes at the least: its requests, by the limits that Microsoft documents for a tenant.

The limits, with their sources: graph/transport/rate_limits.py. They are what a restore of many policies waits for: a
call itself takes a fraction of a second, and twenty go together.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from graph.policy_types.policy_type import PolicyType
from graph.policy_types.write_rule import BY_UPDATE, ONE_BY_ONE
from graph.transport.client import BATCH_SIZE
from graph.transport.rate_limits import LIMITS, NEVER_IN_A_BATCH, services_of
from graph.write.write_requests import PolicyContent
from graph.write.write_rules import WRITE_RULES

# Before the first write, and after the last: signing in, the safety backup's end, the last look.
AROUND_SECONDS = 3
# Of a call of twenty requests, from many tenants' traces: 0.1 to 1 s.
CALL_SECONDS = 0.5
_LOOKS = 2  # the look before a write, and the one that verifies it


def requests_of(policy_type: PolicyType, content: PolicyContent, *, with_assignments: bool = True) -> Counter[str]:
    """Return service -> requests that writing one policy takes, with the looks before and after it."""
    rule, path = WRITE_RULES[policy_type.key], policy_type.path
    writes = 1 + sum(1 for name in rule.parts if name not in rule.parts_in_create and content["body"].get(name))
    assigned = content.get("assignments") or ()
    if with_assignments and assigned and rule.assign and rule.assign != BY_UPDATE:
        writes += len(assigned) if rule.assign == ONE_BY_ONE else 1
    counts: Counter[str] = Counter()
    for method, number in (("POST", writes), ("GET", _LOOKS)):
        for service in services_of(method, path):
            counts[service] += number
    return counts


def seconds_for(items: Iterable[Mapping[str, int]]) -> int:
    """Return the whole seconds that items take, each as `requests_of` counts it; 0 where there is none."""
    total: Counter[str] = Counter()
    for counts in items:
        total.update(counts)
    if not total:
        return 0
    return round(AROUND_SECONDS + max(_seconds(service, number) for service, number in total.items()))


def _seconds(service: str, number: int) -> float:
    """Return how long so many requests take: what a window lets through goes at once, then the next window comes."""
    at_once = 1 if service in NEVER_IN_A_BATCH else BATCH_SIZE
    if service not in LIMITS:
        return -(-number // at_once) * CALL_SECONDS
    limit, window = LIMITS[service]
    full_windows, rest = divmod(number - 1, limit)
    return full_windows * window + -(-(rest + 1) // at_once) * (CALL_SECONDS if limit > 1 else 0.0)
