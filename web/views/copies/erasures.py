"""`/copies/<store>/removed/<directory>`: what a store has of a tenant that is no longer here, and having it deleted."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for

import config
from db.clock import utcnow
from db.copies import erasures, stores
from db.copies.erasures import RemovedTenant
from db.errors import Invalid
from db.housekeeping import copy_erasure
from db.models import CopyErasure, CopyStore
from web.inputs import form_text, is_same_name
from web.presentation.refusals import refusals_flashed
from web.security.access import current_actor, requires
from web.security.permissions import Permission
from web.views.copies.copies import fetch_store

pages = Blueprint("erasures", __name__, url_prefix="/copies")


@dataclass(frozen=True)
class ErasurePage:
    store: CopyStore
    removed: RemovedTenant
    days: int

    @property
    def erasure(self) -> CopyErasure | None:
        return self.removed.erasure

    @property
    def git_keeps(self) -> str | None:
        """The reason why nothing is deleted there; None where it is."""
        return copy_erasure.GIT_KEEPS if stores.is_git(self.store.address) else None

    @property
    def is_working(self) -> bool:
        """Does a look come as far as to delete?"""
        return stores.is_working(self.store) and self.store.error is None

    @property
    def is_waiting(self) -> bool:
        """Has its day still to come?"""
        return self.erasure is not None and self.erasure.due_at > utcnow()


def _fetch(store_id: int, directory_id: str) -> tuple[CopyStore, RemovedTenant]:
    store = fetch_store(store_id)
    return store, erasures.removed_tenant(store, directory_id) or abort(404)


@pages.get("/<int:store_id>/removed/<directory_id>")
@requires(Permission.ADMINISTER)
def page(store_id: int, directory_id: str) -> str:
    store, removed = _fetch(store_id, directory_id)
    shown = ErasurePage(store, removed, config.settings().deletion_days)
    return render_template("copies/erasure.html", page=shown)


@pages.post("/<int:store_id>/removed/<directory_id>/erase")
@requires(Permission.ADMINISTER)
def erase(store_id: int, directory_id: str) -> Any:
    """Ask to delete all of it. A worker does it from its day on: see actors/copies/erasing.py."""
    store, removed = _fetch(store_id, directory_id)
    with refusals_flashed():
        if not is_same_name(form_text("typed_directory"), directory_id):
            raise Invalid(f"Type the directory id to have the copies deleted: {directory_id}. Nothing is deleted.")
        erasure = copy_erasure.request(store, directory_id, current_actor(), config.settings().deletion_days)
        flash(f"The copies of {removed.name} there go from {erasure.due_at:%Y-%m-%d %H:%M} UTC on.", "success")
    return redirect(url_for("erasures.page", store_id=store.id, directory_id=directory_id), 303)


@pages.post("/<int:store_id>/removed/<directory_id>/keep")
@requires(Permission.ADMINISTER)
def keep(store_id: int, directory_id: str) -> Any:
    """Take it back: what is not gone by now stays."""
    store, removed = _fetch(store_id, directory_id)
    with refusals_flashed():
        copy_erasure.take_back(store, directory_id, current_actor())
        flash(f"What the store has of {removed.name} stays, with its own days and locks.", "success")
    return redirect(url_for("copies.page", store_id=store.id), 303)
