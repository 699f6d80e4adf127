"""The contract of the API: each operation of its OpenAPI document, asked with what that allows and what it does not.

Every answer is one that the document says, of the shape that it says, and none is an error of ours.
"""

from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from db.audit.audit import SYSTEM
from db.copies import stores
from tests.support.two_tenants import DIGITS, OTHER, WORD, hold

ALLOWED, NOT_ALLOWED = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
# A request may be well formed and still name what there is not, or come too late: 422. The token is always sent.
LEFT_OUT = [checks.positive_data_acceptance, checks.ignored_auth]
EXAMPLES = {ALLOWED: 3, NOT_ALLOWED: 2}


@pytest.fixture
def program(api, cast):
    """A program with every scope, of an admin."""
    return api(cast.root)


@pytest.fixture
def ids(cast):
    """One object of everything that addresses name."""
    store = stores.add("Vault", "file:///nowhere", {}, SYSTEM, copy_days=30, needs_lock=False, recipients=["age1x"])
    held = {name: int(text) for name, text in hold(OTHER, WORD, DIGITS, cast.root.password_hash).ids.items()
            if text.isdigit()}  # fmt: skip
    return held | {"store_id": store.id, "version_number": 1}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_operation_answers_as_the_document_says(app, program, ids, monkeypatch):
    schema = schemathesis.openapi.from_dict(program.get("/openapi.json").json)
    schema.app = app
    operations = [result.ok() for result in schema.get_all_operations()]
    statuses, broken = Counter(), []
    for operation in operations:
        named = {parameter.name: ids[parameter.name] for parameter in operation.path_parameters}
        for mode in (ALLOWED, NOT_ALLOWED):
            try:
                ask(operation, mode, program, named, statuses)
            except (schemathesis.core.failures.FailureGroup, schemathesis.core.failures.Failure) as e:
                broken.append(f"{operation.label}, {mode.value}: {e} {getattr(e, 'exceptions', '')}")
        stranger = operation.Case(path_parameters=named).call()
        assert (stranger.status_code, stranger.headers["content-type"]) == (401, ["application/problem+json"])
    assert not broken, "\n\n".join(broken)
    assert len(operations) > 20
    # What was asked was more than addresses that do not exist and bodies that are wrong.
    assert {200, 202, 400, 404, 422} <= set(statuses)
    assert statuses[200] + statuses[201] + statuses[202] > len(operations)


def ask(operation, mode, program, named, statuses):
    """Ask some examples of one operation; raises what does not conform."""
    given_ids = {"path_parameters": named} if mode == ALLOWED and named else {}

    @seed(19)
    @settings(max_examples=EXAMPLES[mode], deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(operation.as_strategy(generation_mode=mode, **given_ids))
    def examples(case):
        answer = case.call(headers={"Authorization": f"Bearer {program.token}"})
        statuses[answer.status_code] += 1
        case.validate_response(answer, excluded_checks=LEFT_OUT)

    examples()
