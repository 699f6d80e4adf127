"""Carrying out a POST, PATCH, PUT or DELETE as the service does, or refusing it in its words."""

import re
from collections.abc import Mapping
from time import time
from typing import Any

from graph.microsoft.model import Route
from graph.simulator.audit import log
from graph.simulator.features import bins, tenant_wide
from graph.simulator.features.references import refuse_missing
from graph.simulator.model import addressing, odata
from graph.simulator.model.collections import CA, DM
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import (
    Refused,
    Reply,
    bad_request,
    error,
    forbidden,
    invalid,
    no_route,
    no_segment,
    not_allowed,
    not_found,
)
from graph.simulator.model.write_rules import RULES, WriteRules
from graph.simulator.reads import get
from graph.simulator.store import approvals, publishing_delays
from graph.simulator.store.known_properties import bare
from graph.simulator.store.state import State, Tenant
from graph.simulator.store.write_request import Call, guid, now, objects
from graph.simulator.writes import actions, deletes, validation
from graph.simulator.writes import objects as making

CONTEXTS = f"{CA}/authenticationContextClassReferences"
INTENTS = f"{DM}/intents"


def write(state: State, tenant: Tenant, granted: set[str], method: str, path: str, body: Any,
          headers: Mapping[str, str]) -> Reply:  # fmt: skip
    """`path` below the version. `headers` in lower case: Multi Admin Approval speaks by them."""
    try:
        route = _route(path, method)
        if reply := _undelete(state, tenant, granted, odata.segments(path), headers):
            return reply
        parts, body = tenant_wide.redirect_write(tenant, odata.segments(path), body, headers)
        rules, rest = _found(parts, path)
        _refuse_unpermitted(tenant, rules, rules.permissions(method), granted)
        call = Call(tenant, state.learned, rules, method, rest, _body(method, body), route)
        with state.lock_of(tenant):
            approved = approvals.gate(call, body, headers)
            before = call.tenant.held(call.path, rest[0]) if rest else None
            reply = _carry_out(call)
            log.record_write(tenant, call.path, rest, before, _made_id(reply), headers)
            if approved:
                approvals.complete(tenant, approved)
    except Refused as e:
        return e.reply
    state.changed()
    return reply


def _undelete(
    state: State, tenant: Tenant, granted: set[str], parts: list[str], headers: Mapping[str, str]
) -> Reply | None:
    with state.lock_of(tenant):
        restored = bins.restore(tenant, granted, parts)
        if restored:
            collection, object_id, reply = restored
            log.record_write(tenant, collection, [object_id], None, object_id, headers)
    if not restored:
        return None
    state.changed()
    return reply


def _made_id(reply: Reply) -> str:
    return str(reply.body.get("id", "")) if isinstance(reply.body, dict) else ""


def _found(parts: list[str], path: str) -> tuple[WriteRules, list[str]]:
    lower = [part.lower() for part in parts]
    if lower[:2] == ["devicemanagement", "templates"] and lower[3:] == ["createinstance"]:
        return RULES[INTENTS.lower()], ["", "createInstance", parts[2]]
    place = get.collection_of(parts)
    rules = RULES.get(place[0].path.lower()) if place else None
    if place is None or rules is None:
        raise Refused(no_route(path))
    return rules, place[1]


def _route(path: str, method: str) -> Route | None:
    try:
        route = addressing.resolve(odata.segments(path)).route
    except addressing.UnknownSegment as e:
        raise Refused(no_segment(e.segment)) from e
    if route and method not in route.methods:
        raise Refused(not_allowed(path))
    return route


def _refuse_unpermitted(tenant: Tenant, rules: WriteRules, needed: tuple[str, ...], granted: set[str]) -> None:
    if tenant.flags.get("no_intune") and rules.path.startswith("device"):
        raise Refused(error(400, "BadRequest", "Request not applicable to target tenant."))
    if not granted & set(needed):
        raise Refused(forbidden(list(needed), is_directory=rules.collection.is_directory))


def _body(method: str, body: Any) -> Object:
    if method == "DELETE" or body is None:
        return {}
    if not isinstance(body, dict):
        raise Refused(error(400, "BadRequest", "Unable to read JSON request payload."))
    return body


def _carry_out(call: Call) -> Reply:
    if call.rest[1:2] == ["createInstance"]:
        return _create_instance(call)
    if not call.rest:
        return _create(call)
    if len(call.rest) > 1:
        return actions.act(call)
    if call.method == "DELETE":
        deletes.delete(call)
        return Reply(call.rules.deleted)
    if call.path == CONTEXTS and call.method == "PATCH":
        return _upsert_context(call)
    return _update(call)


def _create(call: Call) -> Reply:
    if call.method != "POST" or not call.rules.can_create:
        raise Refused(not_allowed(call.path))
    validation.refuse_create(call)
    refuse_missing(call, making.writable_part(call))
    return Reply(call.rules.created, _arrived(call, making.create_object(call)), created=call.path)


def _arrived(call: Call, item: Object) -> Object:
    call.tenant.put(call.path, item)
    call.tenant.arrivals[f"{call.path}/{item['id']}"] = time()
    return get.read_object(call.collection, publishing_delays.as_read(call.tenant, call.path, item), "")


def _update(call: Call) -> Reply:
    if call.method not in call.rules.update:
        raise Refused(not_allowed(call.path))
    validation.refuse_update(call, call.item())
    refuse_missing(call, making.writable_part(call))
    item = call.keep(making.replace_object(call) if call.method == "PUT" else making.update_object(call))
    return Reply(204) if call.rules.updated == 204 else Reply(200, get.read_object(call.collection, item, ""))


def _create_instance(call: Call) -> Reply:
    """An intent is made from its template, with the settings that differ."""
    template_id = call.rest[2]
    if call.method != "POST":
        raise Refused(not_allowed(call.path))
    if not call.learned.knows_intent_template(call.tenant, template_id):
        raise Refused(not_found(template_id))
    if (call.tenant.held(f"{DM}/templates", template_id) or {}).get("isDeprecated"):
        raise bad_request("The template is deprecated: no instance of it can be created.")
    unknown = sorted(set(call.body) - {"displayName", "description", "roleScopeTagIds", "settingsDelta"})
    if unknown:
        raise bad_request(f"createInstance takes no {unknown[0]}.")
    refuse_missing(call, call.body)
    settings = objects(call.body.get("settingsDelta"))
    if not all(bare(setting) and setting.get("definitionId") for setting in settings):
        raise invalid("A setting needs its @odata.type and definitionId.")
    item = {
        "id": guid(),
        "displayName": call.body.get("displayName"),
        "description": call.body.get("description", ""),
        "isAssigned": False,
        "isMigratingToConfigurationPolicy": False,
        "lastModifiedDateTime": now(),
        "templateId": template_id,
        "roleScopeTagIds": call.body.get("roleScopeTagIds") or ["0"],
        "settings": [{**setting, "id": guid()} for setting in settings],
        "assignments": [],
    }
    return Reply(200, _arrived(call, item), created=INTENTS)


def _upsert_context(call: Call) -> Reply:
    """c1 to c99: whoever names one that is not there makes it."""
    if not re.fullmatch(r"c[1-9]\d?", call.rest[0]):
        raise bad_request("The id of an authentication context is one of c1 to c99.")
    if call.tenant.held(call.path, call.rest[0]) is not None:
        return _update(call)
    validation.refuse_create(call)
    made = {
        "id": call.rest[0],
        "displayName": None,
        "description": None,
        "isAvailable": False,
        **making.shape_body(call),
    }
    _arrived(call, made)
    return Reply(204, created=call.path)
