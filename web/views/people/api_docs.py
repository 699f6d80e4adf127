"""`/api/docs`: the OpenAPI document as a page to read, and as a file to download."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template

from web.api import openapi
from web.api.problems import SENTENCES
from web.security.access import requires
from web.security.permissions import Permission

pages = Blueprint("api_docs", __name__, url_prefix="/api/docs")


@dataclass(frozen=True)
class ApiOperation:
    """One method of one address, as the page shows it."""

    path: str
    method: str
    facts: Mapping[str, Any]

    @property
    def anchor(self) -> str:
        return str(self.facts["operationId"])

    @property
    def parameters(self) -> list[Mapping[str, Any]]:
        return list(self.facts["parameters"])

    @property
    def body(self) -> str:
        """Return the name of the component that the body is; "" without a body."""
        schema = self.facts.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        return component_of(schema)

    @property
    def answers(self) -> list[tuple[str, str, str]]:
        """Return (status, what it means, component) of each answer that is no problem."""
        return [
            (
                status,
                answer["description"],
                component_of(answer.get("content", {}).get("application/json", {}).get("schema", {})),
            )
            for status, answer in self.facts["responses"].items()
            if status < "400"
        ]


@dataclass(frozen=True)
class ApiDocsPage:
    document: Mapping[str, Any]
    statuses: Mapping[int, str]
    header: str = "Authorization: Bearer tk_…"

    @property
    def resources(self) -> dict[str, list[ApiOperation]]:
        """Return first part of the address -> what can be done below it."""
        by_resource: dict[str, list[ApiOperation]] = {}
        for path, methods in self.document["paths"].items():
            operations = by_resource.setdefault(path.removeprefix("/").partition("/")[0], [])
            operations += [ApiOperation(path, method.upper(), facts) for method, facts in methods.items()]
        return by_resource

    @property
    def components(self) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
        """Return (name, description, fields) of each object; a field is (name, type, description)."""
        return [
            (
                name,
                schema.get("description", ""),
                [
                    (field, type_words(facts), facts.get("description", ""))
                    for field, facts in schema.get("properties", {}).items()
                ]
                or [("", type_words(schema), "")],
            )
            for name, schema in self.document["components"]["schemas"].items()
        ]


def component_of(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def type_words(schema: Mapping[str, Any]) -> str:
    """Say the type of a field in a few words: `integer or null`, `list of Tenant`."""
    if "anyOf" in schema:
        return " or ".join(type_words(option) for option in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {type_words(schema.get('items', {}))}"
    return component_of(schema) or str(schema.get("format") or schema.get("type") or "anything")


@pages.get("")
@requires(Permission.SIGNED_IN)
def page() -> str:
    return render_template("api/docs.html", page=ApiDocsPage(openapi.document(current_app), SENTENCES))


@pages.get("/openapi.json")
@requires(Permission.SIGNED_IN)
def download() -> Response:
    return jsonify(openapi.document(current_app))
