"""An answer that gets lost: what was asked was done, or was not, and the caller cannot know."""

import pytest
import requests

from tests.graph.simulator.conftest import DM, add_tenant

PATH = f"{DM}/deviceCategories"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def fresh(simulator):
    made = add_tenant(simulator, "Unlucky").sign_in()
    yield made
    made.clear_faults()


def names(tenant):
    return sorted(one["displayName"] for one in tenant.objects().get(PATH, {}).values())


def post(tenant, name="x"):
    try:
        return tenant.ask("POST", PATH, {"displayName": name}).status_code
    except requests.ConnectionError:
        return "reset"


@pytest.mark.parametrize(
    ("fault", "answer", "made"),
    [
        ({"kind": "lost"}, 504, ["x"]),
        ({"kind": "lost", "status": 500}, 500, ["x"]),
        ({"kind": "lost", "status": 0}, "reset", ["x"]),
        ({"kind": "lost_before"}, "reset", []),
    ],
)
def test_the_answer_is_lost_and_the_write_is_done_or_not(fault, answer, made, fresh):
    fresh.fault(path="deviceCategories", **fault)
    assert post(fresh) == answer
    assert names(fresh) == made
    assert post(fresh, "y") == 201, "it struck once"


def test_within_a_batch_a_lost_answer_is_that_parts_and_a_reset_ends_the_whole(fresh):
    parts = [{"id": str(n), "method": "POST", "url": PATH, "headers": JSON, "body": {"displayName": f"{n}"}}
             for n in range(3)]  # fmt: skip
    fresh.fault(kind="lost", path="deviceCategories")
    assert sorted(one["status"] for one in fresh.batch(*parts).values()) == [201, 201, 504]
    assert names(fresh) == ["0", "1", "2"]
    fresh.fault(kind="lost", status=0, path="deviceCategories")
    with pytest.raises(requests.ConnectionError):
        fresh.batch(*parts)
    assert names(fresh) == ["0", "0", "1", "2"], "the first was done, the others never came to it"
    assert fresh.requests()["created"] == {PATH: 4}


def test_by_chance_answers_get_lost_in_four_ways_and_the_same_way_for_the_same_seed(fresh):
    def forty(seed):
        fresh.change(flags={"lost_answers": 0.5, "lost_answers_seed": seed})
        return [post(fresh) for _ in range(40)]

    first = forty(1)
    assert {201, 504, 500, "reset"} == set(first)
    assert forty(1) == first
    assert forty(2) != first
    fresh.change(flags={"lost_answers": 0})
    assert {post(fresh) for _ in range(10)} == {201}


def test_readings_lose_no_answer(fresh):
    fresh.change(flags={"lost_answers": 1})
    assert fresh.ask("GET", PATH).status_code == 200


def test_a_connection_reset_by_a_fault_of_this_tenant_is_its_own_and_does_nothing(fresh, shared):
    fresh.fault(kind="reset", path="deviceCategories")
    assert shared.ask("GET", PATH).status_code == 200
    assert post(fresh) == "reset"
    assert names(fresh) == []
