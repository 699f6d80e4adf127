"""`/copies`: stores of copies and what is in them, pushing to one now, and the recovery keys. For admins alone."""

from flask import Blueprint, abort
from pydantic import Field

import db.copies.stores
from db.models import CopiedSet, CopyStore, RecoveryKey
from db.sql import cursor_pages
from db.states import CopyState, Scope
from web.api.endpoints import ApiAnswer, endpoint
from web.api.paging import PageJson, PageQuery, page
from web.api.representations import copies
from web.api.representations.copies import CopiedSetJson, RecoveryKeyJson, StoreJson
from web.security.access import current_actor, parse_row_id
from web.security.permissions import Permission

routes = Blueprint("copies", __name__)


class CopiedSetQuery(PageQuery):
    """The filters of sets in a store."""

    state: CopyState | None = Field(None, description="Only sets in this state there.")


def _fetch(store_id: str) -> CopyStore:
    number = parse_row_id(store_id)
    found: CopyStore | None = CopyStore.get_or_none(CopyStore.id == number) if number else None
    return found if found is not None else abort(404)


@routes.get("/copies/stores")
@endpoint(Permission.ADMINISTER, Scope.READ, returns=PageJson[StoreJson], query=PageQuery)
def list_stores(query: PageQuery) -> ApiAnswer:
    """List the stores of copies, and how each stands."""
    return page(cursor_pages.select(CopyStore, CopyStore.id > 0), CopyStore.id, query, copies.stores)


@routes.get("/copies/stores/<store_id>")
@endpoint(Permission.ADMINISTER, Scope.READ, returns=StoreJson)
def get_store(store_id: str) -> StoreJson:
    """Show a store of copies: whether it works and locks, and what is there."""
    return copies.store(_fetch(store_id))


@routes.get("/copies/stores/<store_id>/sets")
@endpoint(Permission.ADMINISTER, Scope.READ, returns=PageJson[CopiedSetJson], query=CopiedSetQuery)
def list_copied_sets(store_id: str, query: CopiedSetQuery) -> ApiAnswer:
    """List the backup sets in a store and on their way there, the newest first, each with the run that pushes it."""
    condition = CopiedSet.store == _fetch(store_id)
    if query.state is not None:
        condition &= CopiedSet.state == query.state
    return page(cursor_pages.select(CopiedSet, condition), CopiedSet.id, query, copies.sets)


@routes.post("/copies/stores/<store_id>/pushes")
@endpoint(Permission.ADMINISTER, Scope.START, returns=StoreJson, status=202)
def push_to_store(store_id: str) -> StoreJson:
    """Have everything pushed that is not in the store yet. A worker begins within seconds; `sets` of it tells."""
    store = _fetch(store_id)
    db.copies.stores.ask(store, current_actor(), "push")
    return copies.store(_fetch(store_id))


@routes.get("/copies/recovery-keys")
@endpoint(Permission.ADMINISTER, Scope.READ, returns=PageJson[RecoveryKeyJson], query=PageQuery)
def list_recovery_keys(query: PageQuery) -> ApiAnswer:
    """List the recovery keys: which stores are sealed to each, and when somebody last proved to have it."""
    return page(cursor_pages.select(RecoveryKey, RecoveryKey.id > 0), RecoveryKey.id, query, copies.keys)
