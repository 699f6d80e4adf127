"""`/backup-sets`: what each backup holds, and what it lacks."""

from flask import Blueprint
from pydantic import Field

import db.backups.backup_sets
from db.models import BackupSet
from db.policies import snapshots
from db.sql import cursor_pages
from db.states import Scope, SetState
from web.api.endpoints import ApiAnswer, endpoint
from web.api.paging import PageJson, PageQuery, allowed_and_asked_for, page, page_of_ids
from web.api.representations import backup_sets, policies
from web.api.representations.backup_sets import BackupSetJson, WholeSetJson
from web.api.representations.policies import SnapshotJson
from web.security.access import fetch
from web.security.permissions import Permission

routes = Blueprint("backup_sets", __name__)


class BackupSetQuery(PageQuery):
    """The query of backup sets."""

    tenant: int | None = Field(None, ge=1, description="Only backup sets of this tenant.")
    state: SetState | None = Field(None, description="Only backup sets that are so complete.")


@routes.get("/backup-sets")
@endpoint(Permission.SEE, Scope.READ, returns=PageJson[BackupSetJson], query=BackupSetQuery, problems=(404,))
def list_backup_sets(query: BackupSetQuery) -> ApiAnswer:
    """List backup sets of all tenants, or of one, the newest first."""
    condition = allowed_and_asked_for(BackupSet, query)
    select = cursor_pages.select(BackupSet, condition, BackupSet.tenant, BackupSet.manifest)
    return page(select, BackupSet.id, query, backup_sets.many)


@routes.get("/backup-sets/<backup_set_id>")
@endpoint(Permission.SEE, Scope.READ, returns=WholeSetJson, has_etag=True)
def get_backup_set(backup_set_id: str) -> WholeSetJson:
    """Show a backup set: what was read of each policy type, and everything that could not be."""
    return backup_sets.whole(fetch(BackupSet, backup_set_id, Permission.SEE))


@routes.get("/backup-sets/<backup_set_id>/items")
@endpoint(Permission.SEE, Scope.READ, returns=PageJson[SnapshotJson], query=PageQuery)
def list_items(backup_set_id: str, query: PageQuery) -> ApiAnswer:
    """List the snapshots that a backup set holds, the oldest first: of each policy the one that it had then."""
    ids = db.backups.backup_sets.snapshot_ids(fetch(BackupSet, backup_set_id, Permission.SEE))
    return page_of_ids(ids, query, lambda some: policies.many_snapshots(snapshots.load_with_tenants(some)))
