"""Least duration of a live restore: its requests, by the limits that Microsoft documents for a tenant.

The limits, with their sources: graph/transport/rate_limits.py. They are what a restore of many policies waits for: a
call itself takes a fraction of a second, and twenty go together.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from graph.policy_types.policy_type import PolicyType
from graph.policy_types.write_rule import BY_UPDATE, ONE_BY_ONE
from graph.transport.client import BATCH_SIZE
from graph.transport.rate_limits import INTUNE, INTUNE_WRITES, LIMITS, NEVER_IN_A_BATCH, services_of, usual_pace
from graph.write.write_requests import PolicyContent
from graph.write.write_rules import WRITE_RULES

# Before the first write, and after the last: signing in, the safety backup's end.
AROUND_SECONDS = 2
# Of a call with its work on our side; measured traces of Graph have 0.1 to 1 s for a write.
CALL_SECONDS = 0.5


def requests_of(
    policy_type: PolicyType, content: PolicyContent | None, *, is_made: bool = True, with_assignments: bool = True
) -> Counter[str]:
    """Return service -> requests that writing one policy takes, with the looks before and after it.

    `is_made`: it is not there. `content` None: it is removed. graph/restore/executor.py is what sends them: a policy
    that is there is captured, looked at, written and read back; one that is made is read when it is there, and once
    more if something was written to it then.
    """
    more = _writes_after_the_first(policy_type, content, with_assignments) if content else 0
    looks = 1 + min(more, 1) if is_made else 3
    counts: Counter[str] = Counter()
    for method, number in (("POST", 1 + (more if is_made else 0)), ("GET", looks)):
        for service in services_of(method, policy_type.path):
            counts[service] += number
    return counts


def _writes_after_the_first(policy_type: PolicyType, content: PolicyContent, with_assignments: bool) -> int:
    rule = WRITE_RULES[policy_type.key]
    parts = sum(1 for name in rule.parts if name not in rule.parts_in_create and content["body"].get(name))
    assigned = content.get("assignments") or ()
    if not with_assignments or not assigned or not rule.assign or rule.assign == BY_UPDATE:
        return parts
    return parts + (len(assigned) if rule.assign == ONE_BY_ONE else 1)


def seconds_for(items: Iterable[Mapping[str, int]]) -> int:
    """Return the whole seconds that items take, each as `requests_of` counts it; 0 where there is none.

    Intune's reads and writes go on together. What is written to Conditional Access, and what it names, comes after
    Intune's, for it refers to it.
    """
    total: Counter[str] = Counter()
    for counts in items:
        total.update(counts)
    if not total:
        return 0
    seconds = {service: _seconds(service, number) for service, number in total.items()}
    together = max(seconds.pop(INTUNE, 0.0), seconds.pop(INTUNE_WRITES, 0.0))
    return round(AROUND_SECONDS + together + sum(seconds.values()))


def _seconds(service: str, number: int) -> float:
    """Return how long so many requests take: what a window lets through goes at once, then the next window comes."""
    at_once = 1 if service in NEVER_IN_A_BATCH else BATCH_SIZE
    if service not in LIMITS:
        return -(-number // at_once) * CALL_SECONDS
    limit, window = usual_pace(service)
    full_windows, rest = divmod(number - 1, limit)
    return full_windows * window + -(-(rest + 1) // at_once) * (CALL_SECONDS if limit > 1 else 0.0)
