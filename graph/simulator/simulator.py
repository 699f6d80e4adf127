"""The simulator's handling of each request: it counts it, holds it up, loses it, or answers it."""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request

from graph.simulator.faults import malformed
from graph.simulator.faults.faults import Faults, RandomLoss, RequestCounts, Throttle
from graph.simulator.model.replies import Reply, error
from graph.simulator.reads import definitions, get
from graph.simulator.store.state import State, Tenant
from graph.simulator.writes import dispatch

BATCH_SIZE = 20


class ConnectionLost(Exception):
    """The answer never arrives: the socket is closed without one."""


@dataclass(frozen=True)
class GraphRequest:
    """A request, by itself or as a part of a batch."""

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


class Simulator:
    def __init__(self, state: State) -> None:
        self.state = state
        self.counts, self.faults, self.throttle, self.chance = RequestCounts(), Faults(), Throttle(), RandomLoss()

    def graph(self, path: str, held: tuple[Tenant, set[str]] | None) -> Reply:
        if held is None:
            return error(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
        tenant, granted = held
        self.counts.http[tenant.directory_id] += 1
        time.sleep(float(tenant.flags.get("latency_ms", 0)) / 1000)
        body = request.get_json(silent=True)
        if path == "$batch" and request.method == "POST":
            fault = self.faults.match_request(tenant.directory_id, path, {"query_broker"})
            return fault.reply() if fault else self._batch(tenant, granted, body)
        graph_request = GraphRequest(request.method, path, request.query_string.decode(), body, _lower(request.headers))
        return self._one(tenant, granted, graph_request)

    def _one(self, tenant: Tenant, granted: set[str], graph_request: GraphRequest) -> Reply:
        self.counts.request(tenant.directory_id, graph_request.is_write, graph_request.line)
        fault = self.faults.match_request(tenant.directory_id, graph_request.path, {"status", "query_broker", "delay"})
        if fault and fault.kind != "delay":
            return fault.reply()
        if fault:
            time.sleep(fault.seconds)
        refused = self.throttle.refuse(tenant, graph_request.path, graph_request.is_write)
        if refused:
            self.counts.throttled[tenant.directory_id] += 1
            return refused
        if graph_request.is_write:
            return self._write(tenant, granted, graph_request)
        if graph_request.method == "POST":
            return _by_ids(tenant, graph_request.body or {})
        url = f"{request.host_url}{(request.view_args or {}).get('version', 'beta')}/{graph_request.path}"
        reply = get.get(tenant, granted, graph_request.path, graph_request.query, url)
        return definitions.localised(reply, graph_request.path, graph_request.headers.get("accept-language", ""))

    def _write(self, tenant: Tenant, granted: set[str], graph_request: GraphRequest) -> Reply:
        loss = self.faults.loss(tenant.directory_id, graph_request.path) or self.chance.loss(tenant)
        if loss and loss.is_before:
            raise ConnectionLost
        reply = dispatch.write(
            self.state,
            tenant,
            granted,
            graph_request.method,
            graph_request.path,
            graph_request.body,
            graph_request.headers,
        )
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
            if not self.faults.match_request(tenant.directory_id, "$batch", {"drop_part"})
        ]
        random.shuffle(answers)
        return Reply(200, {"responses": answers})

    def _answered(self, tenant: Tenant, path: str, key: str, reply: Reply) -> dict[str, Any]:
        response = {"id": key, "status": reply.status, "headers": reply.headers, "body": reply.body}
        fault = self.faults.match_request(tenant.directory_id, path, {"malformed"})
        return malformed.part(fault.shape, response) if fault else response

    def _part(self, tenant: Tenant, granted: set[str], part: dict[str, Any], done: dict[str, Reply]) -> Reply:
        if any(done[part_id].status >= 400 for part_id in part.get("dependsOn", ()) if part_id in done):
            return error(424, "FailedDependency", "A request this one depends on failed.")
        path, _, query = str(part.get("url", "")).lstrip("/").partition("?")
        headers = _lower(part.get("headers") or {})
        # What is no JSON comes as base64 (learn.microsoft.com: JSON batching).
        expected = "/" if isinstance(part.get("body"), str) else "json"
        if part.get("body") is not None and expected not in headers.get("content-type", ""):
            return error(400, "BadRequest", f"Write request id : {part['id']} does not contain Content-Type header.")
        method = str(part.get("method", "GET")).upper()
        return self._one(tenant, granted, GraphRequest(method, path, query, part.get("body"), headers))


def _lower(headers: Any) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in headers.items()}


def _by_ids(tenant: Tenant, body: dict[str, Any]) -> Reply:
    groups = tenant.collections.get("groups", {})
    known_groups = [
        {"@odata.type": "#microsoft.graph.group", **groups[group_id]}
        for group_id in body.get("ids", ())
        if group_id in groups
    ]
    return Reply(200, {"value": known_groups})
