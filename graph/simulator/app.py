"""The HTTP face: sign-in, Graph, $batch and the control plane in one small WSGI application."""

import json
import socket
import uuid
from datetime import UTC, datetime
from email.utils import format_datetime

from flask import Flask, Response, jsonify, request

from graph.simulator import control
from graph.simulator.faults import malformed
from graph.simulator.model.replies import Reply
from graph.simulator.sign_in import apps, assertions, consents, people
from graph.simulator.simulator import ConnectionLost, Simulator
from graph.simulator.store.state import State


def create_app(state: State) -> Flask:
    app = Flask("graph.simulator", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    simulator = Simulator(state)
    control.register(app, simulator)
    _add_sign_in(app, simulator)

    @app.route("/<any(beta, 'v1.0'):version>/<path:path>", methods=["GET", "POST", "PATCH", "PUT", "DELETE"])
    def graph(version: str, path: str) -> Response:
        held = apps.token_holder(state, request.headers.get("Authorization", ""))
        tenant_id = held[0].directory_id if held else ""
        fault = simulator.faults.match_request(tenant_id, path, {"reset", "truncate"})
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


def _add_sign_in(app: Flask, simulator: Simulator) -> None:
    state = simulator.state

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

    @app.get("/<tenant_id>/v2.0/adminconsent")
    def admin_consent(tenant_id: str) -> Response:
        status, page, where = consents.admin_consent(state, tenant_id, request.args.to_dict())
        return Response(page, status, headers={"Location": where} if where else None)

    @app.get("/metadata/identity/oauth2/token")
    def identity_token() -> Response:
        metadata = request.headers.get("Metadata", "")
        return _response(assertions.identity_token(state, request.args.to_dict(), metadata))

    @app.post("/<tenant_id>/oauth2/v2.0/token")
    def token(tenant_id: str) -> Response:
        if of_people := people.GRANTS.get(request.form.get("grant_type", "")):
            return _response(of_people(state, tenant_id, request.form.to_dict()))
        simulator.counts.tokens[tenant_id.lower()] += 1
        answer = _response(apps.token(state, tenant_id, request.form.to_dict()))
        return _malformed(simulator, tenant_id.lower(), "oauth2/token", answer)


def _malformed(simulator: Simulator, tenant_id: str, path: str, answer: Response) -> Response:
    fault = simulator.faults.match_request(tenant_id, path, {"malformed"})
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
