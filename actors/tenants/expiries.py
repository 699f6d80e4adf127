"""Reads once a day, beside a sync or a backup, what expires in the tenant. An error costs no run its success."""

import logging
from dataclasses import asdict
from itertools import starmap

from db.database import database, lock_rows
from db.models import Tenant
from db.runs import claims
from db.runs.claims import Claim
from db.tenants import expiries
from graph.errors import GraphError, Malformed
from graph.read import expiries as graph_expiries
from graph.read.expiries import EXPIRY_KINDS, ExpiringObject
from graph.transport.batch_driver import drive_one
from graph.transport.client import GraphClient

logger = logging.getLogger(__name__)


def read_if_due(claim: Claim, graph: GraphClient) -> None:
    """Read and save the expiries, if they are due. Kinds that may not be read are noted, and stay as seen last.

    Any other error leaves all of it to the next run.
    """
    tenant = claim.run.tenant
    if not expiries.are_due(tenant):
        return
    try:
        expiries_by_kind, refused = drive_one(graph, graph_expiries.read_expiries())
    except GraphError as e:
        logger.info("expiries were not read: %s", e.sentence, extra={"run": claim.run.id})
        return
    rows = [
        asdict(expiry)
        for of_kind in (*expiries_by_kind.values(), starmap(_unreadable_kind, refused.items()))
        for expiry in of_kind
    ]
    with database.atomic():
        lock_rows(Tenant, Tenant.id == tenant.id)
        claims.assert_claim(claim)
        expiries.save(tenant, [*expiries_by_kind], rows)


def _unreadable_kind(key: str, error: GraphError) -> ExpiringObject:
    """Return a line that says why a kind cannot be read, beside what was seen when it could be."""
    kind = EXPIRY_KINDS[key]
    is_damaged = isinstance(error, Malformed)
    why = "Microsoft Graph's answer is damaged" if is_damaged else f"{kind.access.ask} may be missing"
    return ExpiringObject(key, "", kind.title, None, expiries.DOT.join(("cannot be read", why)))
