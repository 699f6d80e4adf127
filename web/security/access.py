"""The only place that decides access: how a page gets a row, and how a route declares the permission it needs."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import abort, g, redirect, request, url_for
from flask_login import current_user
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response

from db.accounts import users
from db.audit import audit
from db.audit.audit import Action, Actor
from db.models import ImportedPolicy, Restore, RestoreItem, Run, Tenant
from db.runs import runs
from db.schema.row_ids import MAX_ID
from db.states import Result, Role, SiteRole
from db.tenants import tenants
from web.security import attempt_limits, token_limits, who_may
from web.security.permissions import EVERYWHERE, IN_TENANT, OF_INSTALLATION, OPEN, Permission

View = TypeVar("View", bound=Callable[..., Any])


# What a stranger may send: a sign-in, and where it leads.
MAX_FORM_BEFORE_SIGN_IN = 16 * 1024


def limit_forms_before_sign_in() -> None:
    """Limit the form of a request that is not signed in. Runs before anything reads the form, the token in it too.

    A browser that somebody signed in with before may send what it was showing when their session ended.
    """
    if request.content_length and not current_user.is_authenticated and not attempt_limits.is_known_browser():
        request.max_content_length = MAX_FORM_BEFORE_SIGN_IN


def requires(permission: Permission) -> Callable[[View], View]:
    """Declare and enforce a route's permission: in at least one tenant here, in the row's own tenant by `fetch`."""

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            return check_permission(permission) or view(*args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return declare


def check_permission(permission: Permission) -> Response | None:
    """Return None when the user may go on, or the way to the sign-in. Aborts with 401 or 403."""
    if permission == Permission.PUBLIC:
        return None
    if not current_user.is_authenticated:
        if request.method == "GET" and not wants_json():
            return redirect(url_for("sign_in.sign_in", next=request.full_path.rstrip("?")))
        abort(401)
    if not can(permission):
        deny(permission)
    return None


def wants_json() -> bool:
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json" and not request.accept_mimetypes.accept_html


def deny(permission: Permission, tenant: Tenant | None = None, *, everywhere: bool = False, because: str = "") -> None:
    """Record the attempt in the audit log, and abort with 403 and a sentence that says who may.

    `everywhere`: the permission is not one of a single tenant. `because`: the reason, where no role would help.
    """
    because = because or _token_refusal(permission, tenant)
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
    abort(403, because or who_may.refusal_sentence(permission, tenant, everywhere=everywhere))


def _token_refusal(permission: Permission, tenant: Tenant | None) -> str:
    """Return why the token does not allow this, whatever its owner may do; "" where it does."""
    limits = token_limits.current_limits()
    if limits is None:
        return ""
    if token_limits.lacks_scope():
        needed = " or ".join(f"“{scope}”" for scope in sorted(token_limits.route_scopes()))
        return f"This needs the scope {needed}, which the token “{limits.token_name}” does not have."
    if tenant is not None and not limits.allows_tenant(tenant.id):
        return f"The token “{limits.token_name}” is not made for this tenant."
    if permission in OF_INSTALLATION and limits.tenant_ids is not None:
        return f"The token “{limits.token_name}” is made for some tenants, and this is of the whole installation."
    return ""


def roles_by_tenant() -> dict[int, Role]:
    """Return tenant id -> the current user's role in it. An admin may do everything without one."""
    if "roles" not in g:
        g.roles = users.roles_by_tenant(current_user.id)
    roles: dict[int, Role] = g.roles
    return roles


def can(permission: Permission | str, tenant_id: int | None = None) -> bool:
    """Tell whether the current user, and a token that is used, hold the permission in this tenant (None: in any)."""
    permission = Permission(permission)
    if permission in OPEN:
        return token_limits.allows(None)
    if not current_user.is_authenticated:
        return False
    if not token_limits.allows(tenant_id) or (permission in OF_INSTALLATION and token_limits.is_of_some_tenants()):
        return False
    if permission in EVERYWHERE[SiteRole(current_user.site_role)]:
        return True
    roles = roles_by_tenant()
    if tenant_id is not None:
        return tenant_id in roles and permission in IN_TENANT[roles[tenant_id]]
    return any(permission in IN_TENANT[role] and token_limits.allows(place) for place, role in roles.items())


def allowed_tenant_ids(permission: Permission) -> list[int] | None:
    """Return the tenants that the current user holds the permission in; None means every tenant.

    What a token may not be used for is left out here, for every page, list and act.
    """
    if permission in EVERYWHERE[SiteRole(current_user.site_role)]:
        return token_limits.within_limits(None)
    return token_limits.within_limits(
        [tenant_id for tenant_id, role in roles_by_tenant().items() if permission in IN_TENANT[role]]
    )


class RowIdConverter(IntegerConverter):
    """Takes `<int:…>` of an address for a row's id: what can be none is an address that leads nowhere."""

    def __init__(self, addresses: Map) -> None:
        super().__init__(addresses, min=1, max=MAX_ID)


def parse_row_id(text: str) -> int | None:
    """Return the row id that a part of an address names; None where it can be none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= MAX_ID else None


def fetch(model: Any, row_id: Any, permission: Permission) -> Any:
    """Return a tenant's row: the only way a page gets one.

    Aborts with 404 when there is none, with 403 when the user lacks one of its `required_permissions`.
    """
    number = parse_row_id(str(row_id))
    row = _row(model, number) if number else None
    if row is None:
        abort(404)
    require(permission, row)
    g.setdefault("page_tenant", _tenant_of(row))  # the first row that a page asks for is what it is of
    return row


def require(permission: Permission, row: Any) -> None:
    """Abort with 403 unless the user holds every permission that `required_permissions` lists for the row."""
    for demand, tenant in required_permissions(permission, row):
        if not can(demand, tenant.id):
            deny(demand, tenant)


def can_fetch(permission: Permission | str, row: Any) -> bool:
    """Would `fetch` give this row to the current user for that permission?"""
    return all(can(demand, tenant.id) for demand, tenant in required_permissions(Permission(permission), row))


def required_permissions(permission: Permission, row: Any) -> list[tuple[Permission, Tenant]]:
    """List the permissions that a row takes, each with its tenant. A restore between two of our tenants takes both.

    It writes its source's contents, secrets included. Whoever sees only the target may read what pages show of it:
    there secrets are masked.
    """
    tenant, source = _tenant_of(row), _source_tenant(row)
    if source is None or permission == Permission.SEE:
        return [(permission, tenant)]
    at_target = Permission.MANAGE if permission == Permission.OPERATE else permission
    return [(at_target, tenant), (Permission.MANAGE, source)]


def _source_tenant(row: Any) -> Tenant | None:
    """Return the other tenant of ours that a restore, its item or its run takes contents from, or None."""
    restore = _restore_of(row)
    if restore is None or restore.source_directory_id == restore.tenant.directory_id:
        return None
    return tenants.find_by_directory_id(restore.source_directory_id)


def _restore_of(row: Any) -> Restore | None:
    if isinstance(row, RestoreItem):
        return row.restore
    if isinstance(row, Run) and row.restore_id:
        restore: Restore | None = Restore.get_or_none(Restore.id == row.restore_id)
        return restore
    return row if isinstance(row, Restore) else None


def _row(model: Any, number: int) -> Any:
    return runs.find_run(number) if model is Run else model.get_or_none(model.id == number)


def _tenant_of(row: Any) -> Tenant:
    if isinstance(row, Tenant):
        return row
    if isinstance(row, ImportedPolicy):
        return row.policy_import.tenant
    return row.restore.tenant if isinstance(row, RestoreItem) else row.tenant


def current_actor() -> Actor:
    address = request.remote_addr
    if not current_user.is_authenticated:
        return Actor("(not signed in)", address=address)
    limits = token_limits.current_limits()
    if limits is not None:
        name = f"token {limits.token_name} of {current_user.email}"
        return Actor(name, current_user.id, address, "api")
    return Actor.person(current_user, address)
