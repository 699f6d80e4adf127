"""Starts by a program: 202 with the run's address, and the first found by a second."""

import pytest

from db.models import AuditEvent, Policy, Run

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_each_start_answers_with_its_run_and_a_second_finds_the_first(api, cast, graph):
    program, policy = api(cast.ada), Policy.get(Policy.tenant == cast.contoso)
    for path, document, kind in (
        (f"/tenants/{cast.contoso.id}/sync", None, "policy.sync"),
        (f"/tenants/{cast.contoso.id}/back-ups", {}, "backup_set.capture"),
        (f"/tenants/{cast.contoso.id}/back-ups", {"policies": [policy.id]}, "backup_set.capture"),
        (f"/policies/{policy.id}/captures", None, "policy.capture_snapshot"),
    ):
        first, second = program.post(path, document), program.post(path, document)
        run = first.json["run"]
        assert (first.status_code, first.json["is_new"], run["kind"], run["origin"]) == (202, True, kind, "api"), path
        assert (second.status_code, second.json) == (202, {"run": run, "is_new": False})
        assert first.headers["Location"] == second.headers["Location"] == run["url"]
        assert program.get(run["url"]).json["state"] == "queued"
    assert Run.select().count() == 4
    asked = AuditEvent.select().where(AuditEvent.action == "run:requested")
    assert {event.actor for event in asked} == {"token program 1 of ada@example.com"}
    assert graph.requests()["http"] == 0


def test_policies_of_another_tenant_and_unknown_names_are_refused_by_field(api, cast):
    program, theirs = api(cast.ada), Policy.get(Policy.tenant == cast.fabrikam)
    for document, status, field in (
        ({"policies": [theirs.id]}, 422, "policies"),
        ({"policies": ["1"]}, 422, "policies.0"),
        ({"polices": []}, 422, "polices"),
        ([], 422, "(body)"),
    ):
        answer = program.post(f"/tenants/{cast.contoso.id}/back-ups", document)
        assert (answer.status_code, answer.json["errors"][0]["field"]) == (status, field)
    assert not Run.select().exists()
