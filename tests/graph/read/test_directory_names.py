"""Names behind the ids in a policy's assignments."""

import pytest

from graph.errors import Forbidden, NotFound, Unavailable
from graph.read.directory_names import NO_GROUPS, groups_and_filters_in, no_known_names, resolve_names
from graph.read.groups import group_path
from graph.read.proof import Proof
from tests.graph.steps import run_steps

A, B = "0000000a-1111-4111-8111-111111111111", "0000000b-1111-4111-8111-111111111111"


def assigned(*group_ids):
    return {"body": {}, "assignments": [{"target": {"groupId": group_id}} for group_id in group_ids]}


def resolve(content, answers, known=None, **options):
    proof = Proof()
    names, requests = run_steps(
        resolve_names("configurationPolicies", content, proof, known or no_known_names(), **options), answers
    )
    return names, proof, requests


def test_a_deleted_group_has_no_name():
    answers = {group_path(A): {"id": A, "displayName": "Pilot"}, group_path(B): NotFound("not_found", "Gone.")}
    names, proof, _ = resolve(assigned(A, B), answers)
    assert names["groups"] == {A: "Pilot", B: None}
    assert proof.names == "read"


def test_known_names_are_not_asked_for():
    names, _, requests = resolve(assigned(A), {}, {**no_known_names(), "groups": {A: "Pilot"}})
    assert names["groups"] == {A: "Pilot"}
    assert requests == []


def test_a_missing_permission_costs_the_names_and_is_in_the_proof():
    names, proof, _ = resolve(assigned(A), {group_path(A): Forbidden("forbidden", "No.")})
    assert names["groups"] == {A: None}
    assert proof.names == NO_GROUPS


def test_an_answer_that_cannot_be_had_is_raised_unless_names_may_lack():
    answers = {group_path(A): Unavailable("unavailable", "Later.")}
    with pytest.raises(Unavailable):
        resolve(assigned(A), answers)
    assert "Later." in resolve(assigned(A), answers, may_lack=True)[1].names


def test_groups_and_filters_in_reads_assignments_and_conditional_access():
    target = {"groupId": A, "deviceAndAppManagementAssignmentFilterId": "f"}
    body = {"conditions": {"users": {"excludeGroups": [B]}}}
    assert groups_and_filters_in({"body": body, "assignments": [{"target": target}]}) == ({A, B}, {"f"})


def test_people_and_apps_are_named_in_one_batch_and_a_refusal_costs_their_names_alone():
    users, apps = {"includeUsers": ["All", A], "excludeUsers": [B]}, {"includeApplications": ["Office365", A]}
    content = {"body": {"conditions": {"users": users, "applications": apps}}, "assignments": None}
    path = f"/servicePrincipals?$filter=appId eq '{A}'&$select=appId,displayName"
    person = "?$select=id,displayName,userPrincipalName"
    answers = {
        f"/users/{A}{person}": {"id": A, "displayName": "Break glass 1"},
        f"/users/{B}{person}": Forbidden("forbidden", "No."),
        path: {"value": [{"appId": A, "displayName": "Payroll"}]},
    }
    proof = Proof()
    names, requests = run_steps(resolve_names("conditionalAccessPolicies", content, proof, no_known_names()), answers)
    assert names["users"] == {A: "Break glass 1"}
    assert names["servicePrincipals"] == {A: "Payroll"}
    assert proof.names == "read", "ids of people are no lack of the snapshot"
    assert len(requests) == len(answers)
    known = {**no_known_names(), **names, "users": {A: "Break glass 1", B: "Ann"}}
    again, requests = run_steps(resolve_names("conditionalAccessPolicies", content, Proof(), known), {})
    assert again["users"] == {A: "Break glass 1", B: "Ann"}
    assert requests == []
