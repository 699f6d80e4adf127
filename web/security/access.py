"""How a page gets a row, and how a route says what it needs. The only place that decides access."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import abort, g, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from db.accounts import users
from db.audit import audit
from db.audit.audit import Action, Actor
from db.models import Restore, RestoreItem, Run, Tenant
from db.runs import runs
from db.schema.row_ids import MAX_ID
from db.states import Result, Role, SiteRole
from db.tenants import tenants
from web.security.permissions import EVERYWHERE, IN_TENANT, OPEN, Permission

View = TypeVar("View", bound=Callable[..., Any])


# What a stranger may send: a sign-in, and where it leads.
LARGEST_OF_A_STRANGER = 16 * 1024


def bound_forms_of_strangers() -> None:
    """Before anything reads a form, the token in it too."""
    if request.content_length and not current_user.is_authenticated:
        request.max_content_length = LARGEST_OF_A_STRANGER


def requires(permission: Permission) -> Callable[[View], View]:
    """Declare and enforce a route's permission: in at least one tenant here, in the row's own tenant by `fetch`."""

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            return refusal(permission) or view(*args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return declare


def refusal(permission: Permission) -> Response | None:
    """None when the person may go on; otherwise the way to the sign-in, or 401 and 403."""
    if permission == Permission.PUBLIC:
        return None
    if not current_user.is_authenticated:
        if request.method == "GET" and not wants_json():
            return redirect(url_for("sign_in.sign_in", next=request.full_path.rstrip("?")))
        abort(401)
    if not can(permission):
        refuse(permission)
    return None


def wants_json() -> bool:
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json" and not request.accept_mimetypes.accept_html


def refuse(permission: Permission, tenant: Tenant | None = None) -> None:
    """403, and the attempt in the audit log."""
    audit.record(
        Action.ACCESS,
        current_actor(),
        f"{request.method} {request.path}",
        tenant=tenant,
        result=Result.REFUSED,
        permission=str(permission),
        method=request.method,
        path=request.path[:500],
    )
    abort(403)


def _roles() -> dict[int, Role]:
    if "roles" not in g:
        g.roles = users.roles_by_tenant(current_user.id)
    roles: dict[int, Role] = g.roles
    return roles


def can(permission: Permission | str, tenant_id: int | None = None) -> bool:
    """Does this person hold the permission: in this tenant, or (without one) in any?"""
    permission = Permission(permission)
    if permission in OPEN:
        return True
    if not current_user.is_authenticated:
        return False
    if permission in EVERYWHERE[SiteRole(current_user.site_role)]:
        return True
    roles = _roles()
    held = roles.values() if tenant_id is None else [roles[tenant_id]] if tenant_id in roles else []
    return any(permission in IN_TENANT[role] for role in held)


def allowed_tenant_ids(permission: Permission) -> list[int] | None:
    """The tenants this person holds the permission in; None means every tenant."""
    if permission in EVERYWHERE[SiteRole(current_user.site_role)]:
        return None
    return [tenant_id for tenant_id, role in _roles().items() if permission in IN_TENANT[role]]


def row_number(text: str) -> int | None:
    """The id that a part of an address may be; None: it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= MAX_ID else None


def fetch(model: Any, row_id: Any, permission: Permission) -> Any:
    """The only way a page gets a tenant's row: 404 when there is none, 403 when its tenant is not this person's.

    Of a restore from one of our tenants into another, also when the other end is not (`needed`).
    """
    number = row_number(str(row_id))
    row = _row(model, number) if number else None
    if row is None:
        abort(404)
    require(permission, row)
    g.setdefault("page_tenant", _tenant_of(row))  # the first row that a page asks for is what it is of
    return row


def require(permission: Permission, row: Any) -> None:
    """Refuse with 403 whoever lacks the permission, or what stands for it at the other end of the row."""
    for one, tenant in needed(permission, row):
        if not can(one, tenant.id):
            refuse(one, tenant)


def may(permission: Permission | str, row: Any) -> bool:
    """Would `fetch` give this row for that?"""
    return all(can(one, tenant.id) for one, tenant in needed(Permission(permission), row))


def needed(permission: Permission, row: Any) -> list[tuple[Permission, Tenant]]:
    """What it takes, at each end: whoever does anything to a restore between two tenants of ours manages both.

    Its source's contents, secrets included, are in what is written. Who sees the target alone may read what the pages
    show of it, and there they are masked.
    """
    tenant, source = _tenant_of(row), _other_end(row)
    if source is None or permission == Permission.SEE:
        return [(permission, tenant)]
    at_target = Permission.MANAGE if permission == Permission.OPERATE else permission
    return [(at_target, tenant), (Permission.MANAGE, source)]


def _other_end(row: Any) -> Tenant | None:
    """Where the contents are from, of a restore, its items and its runs; None: from the tenant itself, or elsewhere."""
    restore = _restore_of(row)
    if restore is None or restore.source_directory_id == restore.tenant.directory_id:
        return None
    return tenants.find_by_directory_id(restore.source_directory_id)


def _restore_of(row: Any) -> Restore | None:
    if isinstance(row, RestoreItem):
        return row.restore
    if isinstance(row, Run) and row.restore_id:
        found: Restore | None = Restore.get_or_none(Restore.id == row.restore_id)
        return found
    return row if isinstance(row, Restore) else None


def _row(model: Any, number: int) -> Any:
    return runs.find_run(number) if model is Run else model.get_or_none(model.id == number)


def _tenant_of(row: Any) -> Tenant:
    if isinstance(row, Tenant):
        return row
    return row.restore.tenant if isinstance(row, RestoreItem) else row.tenant


def current_actor() -> Actor:
    address = request.remote_addr
    if not current_user.is_authenticated:
        return Actor("(not signed in)", address=address)
    return Actor.person(current_user, address)
