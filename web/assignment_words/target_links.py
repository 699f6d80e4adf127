"""Links from a policy to the lists of who else gets what its targets get."""

from flask import url_for

from actors.facade import assignment_names
from db.assignments import target_lists
from db.models import Policy, PolicyTarget
from web.assignment_words import words
from web.assignment_words.asked import OBJECTS, SORT_OF_KIND

# A Conditional Access policy may name hundreds.
MOST_LINKS = 20


def target_links(policy: Policy) -> list[tuple[str, str]]:
    """Return (what the target is called, the address of its list) for the first targets that have a list."""
    rows = [row for row in target_lists.beside([policy.id])[policy.id] if row.kind != "nobody"]
    names = assignment_names.names_of(rows)
    found = {_address(row): words.target_words(row, names) for row in rows if _of(row)}
    return [(called, address) for address, called in found.items()][:MOST_LINKS]


def _of(row: PolicyTarget) -> str:
    return SORT_OF_KIND.get(row.kind) or (row.kind if row.kind in OBJECTS else "")


def _address(row: PolicyTarget) -> str:
    whom = row.object_id or None
    return url_for("assignment_list.index_view", of=_of(row), whom=whom, tenant=row.tenant_id)
