"""The HTTP face: sign-in, Graph, $batch and the control plane in one small WSGI application."""

import random
import socket
import time
import uuid
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from flask import Flask, Response, jsonify, request

from graph.simulator import control, service, sign_in
from graph.simulator.answers import Reply, error
from graph.simulator.state import State, Tenant
from graph.simulator.trouble import Counts, Faults, Throttle

BATCH_SIZE = 20


class Simulator:
    def __init__(self, state: State) -> None:
        self.state = state
        self.counts, self.faults, self.throttle = Counts(), Faults(), Throttle()

    def graph(self, path: str, authorization: str) -> Reply:
        held = sign_in.holder(self.state, authorization)
        if held is None:
            return error(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
        tenant, granted = held
        self.counts.http[tenant.directory_id] += 1
        time.sleep(float(tenant.flags.get("latency_ms", 0)) / 1000)
        if path == "$batch" and request.method == "POST":
            return self._batch(tenant, granted, request.get_json(silent=True))
        if path.lower() == "directoryobjects/getbyids" and request.method == "POST":
            return _by_ids(tenant, request.get_json(silent=True) or {})
        return self._one(tenant, granted, request.method, path, request.query_string.decode())

    def _one(self, tenant: Tenant, granted: set[str], method: str, path: str, query: str) -> Reply:
        self.counts.request(tenant.directory_id, method, f"/{path}" + (f"?{query}" if query else ""))
        if method != "GET":
            return error(501, "NotImplemented", "The simulator does not write yet.")
        fault = self.faults.strike(tenant.directory_id, path, {"status", "delay"})
        if fault and fault.kind == "status":
            return fault.reply()
        if fault:
            time.sleep(fault.seconds)
        refused = self.throttle.refuse(tenant, path)
        if refused:
            self.counts.throttled[tenant.directory_id] += 1
            return refused
        url = f"{request.host_url}{(request.view_args or {}).get('version', 'beta')}/{path}"
        return service.get(tenant, granted, path, query, url)

    def _batch(self, tenant: Tenant, granted: set[str], body: Any) -> Reply:
        """learn.microsoft.com: JSON batching. The answers come in no particular order."""
        parts = body.get("requests") if isinstance(body, dict) else None
        if not isinstance(parts, list) or not 0 < len(parts) <= BATCH_SIZE:
            return error(400, "BadRequest", f"A batch holds 1 to {BATCH_SIZE} requests.")
        if len({part.get("id") for part in parts}) != len(parts):
            return error(400, "BadRequest", "Every request in a batch needs an id of its own.")
        done: dict[str, Reply] = {}
        for part in parts:
            if any(done[one].status >= 400 for one in part.get("dependsOn", ()) if one in done):
                done[part["id"]] = error(424, "FailedDependency", "A request this one depends on failed.")
                continue
            path, _, query = str(part.get("url", "")).lstrip("/").partition("?")
            done[part["id"]] = self._one(tenant, granted, part.get("method", "GET").upper(), path, query)
        answers = [
            {"id": key, "status": reply.status, "headers": reply.headers, "body": reply.body}
            for key, reply in done.items()
            if not self.faults.strike(tenant.directory_id, "$batch", {"drop_part"})
        ]
        random.shuffle(answers)
        return Reply(200, {"responses": answers})


def _by_ids(tenant: Tenant, body: dict[str, Any]) -> Reply:
    groups = tenant.collections.get("groups", {})
    found = [{"@odata.type": "#microsoft.graph.group", **groups[one]} for one in body.get("ids", ()) if one in groups]
    return Reply(200, {"value": found})


def create_app(state: State) -> Flask:
    app = Flask("graph.simulator", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    simulator = Simulator(state)
    control.register(app, simulator)

    @app.get("/<tenant_id>/v2.0/.well-known/openid-configuration")
    def discovery(tenant_id: str) -> Response:
        return _response(sign_in.discovery(state, tenant_id))

    @app.post("/<tenant_id>/oauth2/v2.0/token")
    def token(tenant_id: str) -> Response:
        simulator.counts.tokens[tenant_id.lower()] += 1
        return _response(sign_in.token(state, tenant_id, request.form.to_dict()))

    @app.route("/<any(beta, 'v1.0'):version>/<path:path>", methods=["GET", "POST", "PATCH", "PUT", "DELETE"])
    def graph(version: str, path: str) -> Response:
        fault = simulator.faults.strike("", path, {"reset", "truncate"})
        if fault and fault.kind == "reset":
            _reset_connection()
        answer = _response(simulator.graph(path, request.headers.get("Authorization", "")))
        if fault and fault.kind == "truncate":
            answer.set_data(answer.get_data()[:-5])
        return answer

    return app


def _reset_connection() -> None:
    """Close the socket under the answer, as a failing load balancer does."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)


def _response(reply: Reply) -> Response:
    response = jsonify(reply.body)
    response.status_code = reply.status
    response.headers["request-id"] = str(uuid.uuid4())
    response.headers["client-request-id"] = request.headers.get("client-request-id", str(uuid.uuid4()))
    response.headers["x-ms-ags-diagnostic"] = '{"ServerInfo":{"DataCenter":"Simulated"}}'
    response.headers["Date"] = format_datetime(datetime.now(UTC), usegmt=True)
    response.headers.update(reply.headers)
    return response
