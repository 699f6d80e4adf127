"""`/_simulator/…`: what a trainer or a test may change. Loopback only, no sign-in; documented in docs/simulator.md."""

import time
from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Flask, abort, jsonify, request

from graph.simulator.demo import stories
from graph.simulator.faults.faults import Fault, RequestCounts
from graph.simulator.simulator import Simulator
from graph.simulator.store import approvals
from graph.simulator.store.state import Object, State, Tenant
from graph.simulator.writes import outside

_CHANGEABLE = frozenset(
    {
        "client_secret", "certificates", "name", "people", "return_addresses", "federated", "apps", "consents",
        "identities",
    }
)  # fmt: skip


def register(app: Flask, simulator: Simulator) -> None:
    routes = Blueprint("control", __name__, url_prefix="/_simulator")
    _tenants(routes, simulator)
    _objects(routes, simulator)
    _approvals(routes, simulator)
    _trouble(routes, simulator)
    app.register_blueprint(routes)


def _tenants(routes: Blueprint, simulator: Simulator) -> None:
    state = simulator.state

    @routes.get("/health")
    def health() -> Any:
        return jsonify(ok=True)

    @routes.get("/tenants")
    def list_tenants() -> Any:
        return jsonify([_described(tenant) for tenant in state.tenants.values()])

    @routes.post("/tenants")
    def add_tenant() -> Any:
        raw = request.get_json()
        tenant = Tenant(**{**raw, "permissions": set(raw.get("permissions", ()))})
        _refuse_app_of_another(state, tenant.directory_id, tenant.apps)
        state.add(tenant)
        simulator.chance.forget(tenant)
        state.changed()
        return jsonify(_described(tenant)), 201

    @routes.patch("/tenants/<tenant_id>")
    def change_tenant(tenant_id: str) -> Any:
        tenant = _tenant(simulator, tenant_id)
        changes = request.get_json()
        _refuse_app_of_another(state, tenant.directory_id, changes.get("apps", ()))
        for name, value in changes.items():
            if name == "flags":
                tenant.flags.update(value)
                if "lost_answers_seed" in value:
                    simulator.chance.forget(tenant)
            elif name == "permissions":
                tenant.permissions = set(value)
            elif name in _CHANGEABLE:
                setattr(tenant, name, value)
            else:
                abort(400, f"{name} cannot be changed")
        state.changed()
        return jsonify(_described(tenant))


def _refuse_app_of_another(state: State, directory_id: str, apps: Iterable[Object]) -> None:
    """An application id is unique in all directories: with two registrations, either would answer for the other."""
    asked = {app["client_id"] for app in apps}
    for home in state.tenants.values():
        if home.directory_id != directory_id and (taken := asked & {app["client_id"] for app in home.apps}):
            abort(409, f"{', '.join(sorted(taken))} is registered in {home.name}")


def _objects(routes: Blueprint, simulator: Simulator) -> None:
    @routes.get("/tenants/<tenant_id>/objects")
    def read_objects(tenant_id: str) -> Any:
        tenant, collection = _tenant(simulator, tenant_id), request.args.get("collection")
        with simulator.state.lock_of(tenant):
            return jsonify(tenant.collections.get(collection, {}) if collection else tenant.collections)

    @routes.put("/tenants/<tenant_id>/objects/<path:collection>/<object_id>")
    def put_object(tenant_id: str, collection: str, object_id: str) -> Any:
        tenant = _tenant(simulator, tenant_id)
        simulator.state.put(tenant, collection, {**request.get_json(), "id": object_id})
        tenant.arrivals[f"{collection}/{object_id}"] = time.time()
        simulator.state.changed()
        return "", 204

    @routes.delete("/tenants/<tenant_id>/objects/<path:collection>/<object_id>")
    def delete_object(tenant_id: str, collection: str, object_id: str) -> Any:
        tenant = _tenant(simulator, tenant_id)
        with simulator.state.lock_of(tenant):
            tenant.collections.get(collection, {}).pop(object_id, None)
        simulator.state.changed()
        return "", 204

    @routes.post("/tenants/<tenant_id>/changes")
    def change_object(tenant_id: str) -> Any:
        try:
            return jsonify(outside.change(simulator.state, _tenant(simulator, tenant_id), request.get_json()))
        except outside.Unknown as e:
            abort(404, str(e))

    @routes.post("/tenants/<tenant_id>/stories")
    def tell_story(tenant_id: str) -> Any:
        tenant, asked = _tenant(simulator, tenant_id), request.get_json()
        with simulator.state.lock, simulator.state.lock_of(tenant):
            change = stories.next_change(tenant, asked.get("spared", ()), asked.get("is_first", False))
            told = outside.change(simulator.state, tenant, change) if change else {}
        return jsonify({**told, "collection": change["collection"], "by": change["by"]} if change else None)


def _approvals(routes: Blueprint, simulator: Simulator) -> None:
    @routes.get("/tenants/<tenant_id>/approvals")
    def list_approvals(tenant_id: str) -> Any:
        held = list(_tenant(simulator, tenant_id).approvals.values())
        return jsonify([{**request, "status": approvals.status(request)} for request in held])

    @routes.post("/tenants/<tenant_id>/approvals/<code>")
    def decide_approval(tenant_id: str, code: str) -> Any:
        tenant, status = _tenant(simulator, tenant_id), request.get_json().get("status")
        if code not in tenant.approvals or status not in approvals.STATUSES:
            abort(404 if code not in tenant.approvals else 400, "no such approval or status")
        with simulator.state.lock_of(tenant):
            tenant.approvals[code] = {**tenant.approvals[code], "status": status}
        simulator.state.changed()
        return jsonify(approvals.as_read(tenant.approvals[code]))


def _trouble(routes: Blueprint, simulator: Simulator) -> None:
    @routes.post("/freeze")
    def freeze() -> Any:
        simulator.state.save_and_freeze()
        return "", 204

    @routes.get("/requests")
    def read_requests() -> Any:
        return jsonify(simulator.counts.as_json())

    @routes.delete("/requests")
    def reset_requests() -> Any:
        simulator.counts = RequestCounts()
        return "", 204

    @routes.post("/faults")
    def add_fault() -> Any:
        simulator.faults.add(Fault(**request.get_json()))
        return "", 204

    @routes.delete("/faults")
    def clear_faults() -> Any:
        simulator.faults.clear()
        return "", 204


def _tenant(simulator: Simulator, tenant_id: str) -> Tenant:
    tenant = simulator.state.tenants.get(tenant_id)
    if tenant is None:
        abort(404, "no such tenant")
    return tenant


def _described(tenant: Tenant) -> dict[str, Any]:
    return {
        "name": tenant.name,
        "directory_id": tenant.directory_id,
        "client_id": tenant.client_id,
        "client_secret": tenant.client_secret,
        "purpose": tenant.purpose,
        "permissions": sorted(tenant.permissions),
        "flags": tenant.flags,
        "counts": {path: len(items) for path, items in sorted(tenant.collections.items())},
    }
