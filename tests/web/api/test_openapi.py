"""The document describes every route, and says of each only what is so."""

import re

from web.api import openapi

REFERENCE = re.compile(r"'\$ref': '#/components/schemas/(\w+)'")


def test_the_document_describes_every_route_of_the_api_once(app, cast, api):
    document = api(cast.rita).get("/openapi.json").json
    described = {(path, method) for path, operations in document["paths"].items() for method in operations}
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")]
    there = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in rules
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert described == there
    assert len(list(openapi.api_rules(app))) == len(rules), "each route declares itself with @endpoint"
    names = [operation["operationId"] for operations in document["paths"].values() for operation in operations.values()]
    assert len(set(names)) == len(names)
    assert document["openapi"] == "3.1.0"


def test_what_it_refers_to_is_there_and_every_object_says_what_it_is(app, cast, api):
    document = api(cast.rita).get("/openapi.json").json
    components = document["components"]["schemas"]
    assert set(REFERENCE.findall(str(document))) == set(components)
    assert [name for name, schema in components.items() if "enum" not in schema and "description" not in schema] == []
    assert not [name for name in components if name.endswith(("Json", "_"))]
