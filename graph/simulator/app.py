"""The HTTP face: sign-in, Graph, $batch and the control plane in one small WSGI application."""

import json
import random
import socket
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from flask import Flask, Response, jsonify, request

from graph.simulator import control
from graph.simulator.faults import malformed
from graph.simulator.faults.faults import Chance, Counts, Faults, Throttle
from graph.simulator.model.replies import Reply, error
from graph.simulator.reads import get
from graph.simulator.sign_in import apps, people
from graph.simulator.store.state import State, Tenant
from graph.simulator.writes import dispatch

BATCH_SIZE = 20


class ConnectionLost(Exception):
    """The answer never arrives: the socket is closed without one."""


class Simulator:
    def __init__(self, state: State) -> None:
        self.state = state
        self.counts, self.faults, self.throttle, self.chance = Counts(), Faults(), Throttle(), Chance()

    def graph(self, path: str, held: tuple[Tenant, set[str]] | None) -> Reply:
        if held is None:
            return error(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
        tenant, granted = held
        self.counts.http[tenant.directory_id] += 1
        time.sleep(float(tenant.flags.get("latency_ms", 0)) / 1000)
        body = request.get_json(silent=True)
        if path == "$batch" and request.method == "POST":
            fault = self.faults.strike(tenant.directory_id, path, {"query_broker"})
            return fault.reply() if fault else self._batch(tenant, granted, body)
        asked = Asked(request.method, path, request.query_string.decode(), body, _lower(request.headers))
        return self._one(tenant, granted, asked)

    def _one(self, tenant: Tenant, granted: set[str], asked: "Asked") -> Reply:
        self.counts.request(tenant.directory_id, asked.is_write, asked.line)
        fault = self.faults.strike(tenant.directory_id, asked.path, {"status", "query_broker", "delay"})
        if fault and fault.kind != "delay":
            return fault.reply()
        if fault:
            time.sleep(fault.seconds)
        refused = self.throttle.refuse(tenant, asked.path, asked.is_write)
        if refused:
            self.counts.throttled[tenant.directory_id] += 1
            return refused
        if asked.is_write:
            return self._write(tenant, granted, asked)
        if asked.method == "POST":
            return _by_ids(tenant, asked.body or {})
        url = f"{request.host_url}{(request.view_args or {}).get('version', 'beta')}/{asked.path}"
        return get.get(tenant, granted, asked.path, asked.query, url)

    def _write(self, tenant: Tenant, granted: set[str], asked: "Asked") -> Reply:
        loss = self.faults.loss(tenant.directory_id, asked.path) or self.chance.loss(tenant)
        if loss and loss.is_before:
            raise ConnectionLost
        reply = dispatch.write(self.state, tenant, granted, asked.method, asked.path, asked.body, asked.headers)
        if reply.created:
            self.counts.create(tenant.directory_id, reply.created)
        if loss is None:
            return reply
        if not loss.status:
            raise ConnectionLost
        return loss.reply()

    def _batch(self, tenant: Tenant, granted: set[str], body: Any) -> Reply:
        """learn.microsoft.com: JSON batching. The answers come in no particular order."""
        parts = body.get("requests") if isinstance(body, dict) else None
        if not isinstance(parts, list) or not 0 < len(parts) <= BATCH_SIZE:
            return error(400, "BadRequest", f"A batch holds 1 to {BATCH_SIZE} requests.")
        if len({part.get("id") for part in parts}) != len(parts):
            return error(400, "BadRequest", "Every request in a batch needs an id of its own.")
        done: dict[str, Reply] = {}
        for part in parts:
            done[part["id"]] = self._part(tenant, granted, part, done)
        paths = {part["id"]: str(part.get("url", "")) for part in parts}
        answers = [
            self._answered(tenant, paths[key], key, reply)
            for key, reply in done.items()
            if not self.faults.strike(tenant.directory_id, "$batch", {"drop_part"})
        ]
        random.shuffle(answers)
        return Reply(200, {"responses": answers})

    def _answered(self, tenant: Tenant, path: str, key: str, reply: Reply) -> dict[str, Any]:
        made = {"id": key, "status": reply.status, "headers": reply.headers, "body": reply.body}
        fault = self.faults.strike(tenant.directory_id, path, {"malformed"})
        return malformed.part(fault.shape, made) if fault else made

    def _part(self, tenant: Tenant, granted: set[str], part: dict[str, Any], done: dict[str, Reply]) -> Reply:
        if any(done[one].status >= 400 for one in part.get("dependsOn", ()) if one in done):
            return error(424, "FailedDependency", "A request this one depends on failed.")
        path, _, query = str(part.get("url", "")).lstrip("/").partition("?")
        headers = _lower(part.get("headers") or {})
        # What is no JSON comes as base64 (learn.microsoft.com: JSON batching).
        expected = "/" if isinstance(part.get("body"), str) else "json"
        if part.get("body") is not None and expected not in headers.get("content-type", ""):
            return error(400, "BadRequest", f"Write request id : {part['id']} does not contain Content-Type header.")
        method = str(part.get("method", "GET")).upper()
        return self._one(tenant, granted, Asked(method, path, query, part.get("body"), headers))


@dataclass(frozen=True)
class Asked:
    """One request: by itself, or a part of a batch."""

    method: str
    path: str
    query: str
    body: Any
    headers: Mapping[str, str]

    @property
    def is_write(self) -> bool:
        return self.method != "GET" and self.path.lower() != "directoryobjects/getbyids"

    @property
    def line(self) -> str:
        return f"{self.method} /{self.path}" + (f"?{self.query}" if self.query else "")


def _lower(headers: Any) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in headers.items()}


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
        answer = _response(apps.discovery(state, tenant_id))
        return _malformed(simulator, tenant_id.lower(), "openid-configuration", answer)

    @app.get("/<tenant_id>/discovery/v2.0/keys")
    def keys(tenant_id: str) -> Response:
        return _response(people.keys())

    @app.get("/<tenant_id>/oauth2/v2.0/authorize")
    def authorize(tenant_id: str) -> Response:
        status, page, where = people.authorize(state, tenant_id, request.args.to_dict())
        return Response(page, status, headers={"Location": where} if where else None)

    @app.post("/<tenant_id>/oauth2/v2.0/token")
    def token(tenant_id: str) -> Response:
        if of_people := people.GRANTS.get(request.form.get("grant_type", "")):
            return _response(of_people(state, tenant_id, request.form.to_dict()))
        simulator.counts.tokens[tenant_id.lower()] += 1
        answer = _response(apps.token(state, tenant_id, request.form.to_dict()))
        return _malformed(simulator, tenant_id.lower(), "oauth2/token", answer)

    @app.route("/<any(beta, 'v1.0'):version>/<path:path>", methods=["GET", "POST", "PATCH", "PUT", "DELETE"])
    def graph(version: str, path: str) -> Response:
        held = apps.holder(state, request.headers.get("Authorization", ""))
        tenant_id = held[0].directory_id if held else ""
        fault = simulator.faults.strike(tenant_id, path, {"reset", "truncate"})
        try:
            if fault and fault.kind == "reset":
                raise ConnectionLost
            answer = _response(simulator.graph(path, held))
        except ConnectionLost:
            _reset_connection()
            return Response(status=502)  # into the closed socket
        if fault and fault.kind == "truncate":
            answer.set_data(answer.get_data()[:-5])
        return _malformed(simulator, tenant_id, path, answer)

    return app


def _malformed(simulator: Simulator, tenant_id: str, path: str, answer: Response) -> Response:
    fault = simulator.faults.strike(tenant_id, path, {"malformed"})
    if fault:
        if fault.shape in malformed.BODIES:
            answer.set_data(json.dumps(malformed.body(fault.shape, answer.get_json())))
        data, status, headers = malformed.sent(fault.shape, answer.get_data())
        answer.set_data(data)
        answer.status_code = status or answer.status_code
        answer.headers.update(headers)
    return answer


def _reset_connection() -> None:
    """Close the socket under the answer, as a failing load balancer does."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)


def _response(reply: Reply) -> Response:
    response = Response() if reply.status == 204 else jsonify(reply.body)
    response.status_code = reply.status
    response.headers["request-id"] = str(uuid.uuid4())
    response.headers["client-request-id"] = request.headers.get("client-request-id", str(uuid.uuid4()))
    response.headers["x-ms-ags-diagnostic"] = '{"ServerInfo":{"DataCenter":"Simulated"}}'
    response.headers["Date"] = format_datetime(datetime.now(UTC), usegmt=True)
    response.headers.update(reply.headers)
    return response
