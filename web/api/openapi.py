"""The OpenAPI 3.1 document of the API, made from what its routes declare: nothing in it is written twice."""

import functools
import inspect
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from importlib import metadata
from typing import Any

from flask import Flask
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode
from werkzeug.routing import Rule

from db.schema.row_ids import MAX_ID
from web.api import addresses
from web.api.endpoints import JSON, Declared
from web.api.problems import MEDIA_TYPE, SENTENCES, Problem

REFERENCE = "#/components/schemas/{model}"
# Any request may end so.
ALWAYS = (401, 403, 406, 429, 500, 503)
_ID_IN_PATH = {"type": "integer", "minimum": 1, "maximum": MAX_ID}
_RATE_HEADERS = {
    "RateLimit-Limit": "Requests of the token in a minute.",
    "RateLimit-Remaining": "How many of them are left.",
    "RateLimit-Reset": "After how many seconds there are more.",
}
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token, as people make them at /tokens/ for a program. It begins with tk_.",
}


def api_rules(app: Flask) -> Iterator[tuple[Rule, Any, Declared]]:
    """Yield each route of the API with its view and what that declares, by path."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods or ()))):
        view = app.view_functions[rule.endpoint]
        if rule.endpoint.startswith("api.") and hasattr(view, "declared"):
            yield rule, view, view.declared


def document(app: Flask) -> dict[str, Any]:
    """Return the document. Its components are named as the noun is: `Run`, not `RunJson`."""
    paths, components = _paths_and_components(app)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tenantkeep",
            "version": metadata.version("tenantkeep"),
            "summary": "Back up and restore Microsoft Intune and Conditional Access policies of many tenants.",
        },
        "servers": [{"url": addresses.base()}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"token": _TOKEN}},
    }


# Half a second's work, and the same as long as the process runs: an app takes no routes once it has answered.
@functools.lru_cache(maxsize=1)
def _paths_and_components(app: Flask) -> tuple[dict[str, Any], dict[str, Any]]:
    rules = list(api_rules(app))
    schemas, components = _schemas([declared for _, _, declared in rules])
    paths: dict[str, dict[str, Any]] = {}
    for rule, view, declared in rules:
        method = next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"})).lower()
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        paths.setdefault(path, {})[method] = _operation(rule, view, declared, schemas)
    return paths, components


Key = tuple[Any, JsonSchemaMode]


def _schemas(routes: list[Declared]) -> tuple[dict[Key, Any], dict[str, Any]]:
    """Return (type, mode) -> its schema, and the components that they refer to."""
    answers = [Problem, *(each.returns for each in routes if each.returns is not None)]
    asked = [each.body for each in routes if each.body]
    keys: dict[Key, None] = dict.fromkeys([(kind, "serialization") for kind in answers])
    keys |= dict.fromkeys([(kind, "validation") for kind in asked])
    found, whole = TypeAdapter.json_schemas(
        [(kind, mode, TypeAdapter(kind)) for kind, mode in keys], ref_template=REFERENCE
    )
    components = {_component(name): _plain(schema) for name, schema in whole.get("$defs", {}).items()}
    return {key: _plain(schema) for key, schema in found.items()}, components


_PAGE = re.compile(r"PageJson_(\w+)Json_")


def _component(name: str) -> str:
    """Return the name of a component: `Run` for RunJson, `RunPage` for a page of them."""
    return _PAGE.sub(r"\1Page", name).removesuffix("Json")


def _plain(schema: Any) -> Any:
    """Return the schema without titles, which only repeat names, and with our names of components."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _plain(value) for key, value in schema.items() if not (key == "title" and isinstance(value, str))}
    if "$ref" in plain:
        plain["$ref"] = REFERENCE.format(model=_component(plain["$ref"].rpartition("/")[2]))
    return plain


def _operation(rule: Rule, view: Any, declared: Declared, schemas: dict[Key, Any]) -> dict[str, Any]:
    summary, _, rest = (inspect.getdoc(view) or "").partition("\n\n")
    scope = f"Scope `{declared.scope}`." if declared.scope else "Any token."
    operation: dict[str, Any] = {
        "operationId": view.__name__,
        "tags": [rule.endpoint.split(".")[1].replace("_", " ")],
        "summary": " ".join(summary.split()),
        "description": "\n\n".join(filter(None, (" ".join(rest.split()), scope))),
        "parameters": [*_path_parameters(rule), *_query_parameters(declared), *_header_parameters(declared)],
        "responses": _responses(rule, declared, schemas),
    }
    if declared.body:
        schema = schemas[declared.body, "validation"]
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    return operation


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": _ID_IN_PATH} for name in sorted(rule.arguments)]


def _query_parameters(declared: Declared) -> list[dict[str, Any]]:
    if declared.query is None:
        return []
    schema = _plain(declared.query.model_json_schema(ref_template=REFERENCE))
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": each.get("description", ""),
            "schema": {key: value for key, value in each.items() if key != "description"},
        }
        for name, each in schema["properties"].items()
    ]


def _header_parameters(declared: Declared) -> list[dict[str, Any]]:
    takes = dict(declared.takes)
    if declared.has_etag:
        takes["If-None-Match"] = "The ETag of what the program has: 304 when it is the same still."
    return [
        {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in takes.items()
    ]


def _responses(rule: Rule, declared: Declared, schemas: dict[Key, Any]) -> dict[str, Any]:
    headers = _RATE_HEADERS | dict(declared.headers) | ({"ETag": "Of this very answer."} if declared.has_etag else {})
    responses: dict[str, Any] = {
        str(declared.status): {
            "description": HTTPStatus(declared.status).phrase,
            "headers": _headers(headers),
            "content": {JSON: {"schema": schemas[declared.returns, "serialization"]}},
        }
    }
    if declared.has_etag:
        responses["304"] = {"description": "It is as the program has it."}
    statuses = {*ALWAYS, *declared.problems}
    statuses |= {404} if rule.arguments else set()
    statuses |= {400} if declared.query or declared.body else set()
    statuses |= {413, 415, 422} if declared.body else set()
    problem = {"content": {MEDIA_TYPE: {"schema": schemas[Problem, "serialization"]}}}
    for status in sorted(statuses):
        responses[str(status)] = {"description": SENTENCES[status], **problem}
    return responses


def _headers(texts: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in texts.items()}
