"""What was answered once is not asked again, whatever the budget and however often the worker dies."""

import json
from threading import Barrier

import pytest

from graph.content.normalise import normalise
from graph.errors import Forbidden, GraphError, Malformed, NotFound, Throttled, Unavailable
from graph.policy_types.table import POLICY_TYPES
from graph.read import directory_names
from graph.read.readings import PolicyList, list_policies, read_policy
from graph.references.references import find_references
from graph.restore.target_directory import TargetDirectory, look_up_references
from graph.transport import rate_limits
from graph.transport.answer_json import pack_answer, unpack_answer
from graph.transport.batch_driver import SIDE_BY_SIDE, drive
from graph.transport.client import BATCH_SIZE, Answer, Request
from tests.graph.read.test_readings import connect
from tests.support.simulated_tenant import NOT_OFFERED

BUDGETS = (1, 6)


class Memory:
    """As actors.reading.answer_memory.RunMemory, in one process; through JSON, as the database has it."""

    def __init__(self):
        self.told = {}

    def recall(self, keys):
        return {key: {mark: unpack_answer(json.loads(text)) for mark, text in self.told.get(key, {}).items()}
                for key in keys}  # fmt: skip

    def keep(self, told):
        for key, mark, answer in told:
            self.told.setdefault(key, {})[mark] = json.dumps(pack_answer(answer))

    def forget(self, keys):
        for key in keys:
            self.told.pop(key, None)


class OneMessage:
    """graph.transport.rate_limits.Budget of one message: so many requests, then it has to wait. The next has as
    many again."""

    def __init__(self, most):
        self.most, self.left = most, most

    def take(self, counts):
        if sum(counts.values()) > self.left:
            raise Throttled("budget", "Used up.")
        self.left -= sum(counts.values())
        return "taken"

    def answered(self, taken, counts):
        pass

    def refused(self, service, seconds):
        raise AssertionError("nobody was refused")


class Died(Exception):
    pass


def requests_of(client, make, budget=None, dies_after=None):
    """(result, requests, messages) of a reading that is made anew for each message."""
    memory, messages, client.requests_made = Memory(), 0, 0
    session, sent = client._session, client._session.request
    while True:
        messages += 1
        assert messages < 5000, "it goes round in a circle"
        client._budget = OneMessage(budget) if budget else None
        left = dies_after

        def request(*arguments, **named):
            nonlocal left
            if left == 0:
                raise Died
            left = left if left is None else left - 1
            return sent(*arguments, **named)

        session.request = request
        try:
            result = drive(client, {"it": make()}, memory=memory)["it"]
        except Died:
            continue
        finally:
            session.request = sent
            client._budget = None
        if not isinstance(result, Throttled):
            return result, client.requests_made, messages


@pytest.fixture(scope="module")
def fabrikam(demo_simulator):
    """A tenant with every policy type, in pages of three."""
    client, tenant = connect(demo_simulator, "Fabrikam")
    tenant.change(flags={"page_size": 3, "not_offered": []})
    yield client
    tenant.change(flags={"page_size": 1000, "not_offered": NOT_OFFERED})


@pytest.fixture
def few_at_once(monkeypatch):
    """few_at_once(n): our limit of each service is n requests, and so a $batch holds no more."""

    def limit(count):
        for service in rate_limits.LIMITS:
            monkeypatch.setitem(rate_limits.LIMITS, service, (count, 1.0))

    return limit


@pytest.fixture(scope="module")
def lists(fabrikam):
    return drive(fabrikam, {key: list_policies(row) for key, row in POLICY_TYPES.items()})


@pytest.mark.parametrize("key", sorted(key for key, row in POLICY_TYPES.items() if not row.is_referred))
def test_every_reading_of_every_row_ends_after_as_many_requests_as_without_a_limit(fabrikam, lists, few_at_once, key):
    row, known = POLICY_TYPES[key], directory_names.no_known_names()
    some = lists[key].policies[:: max(1, len(lists[key].policies) // 2)][:2]
    assert some, "there is something to be read of each policy type"
    readings = [lambda: list_policies(row), *(lambda one=one: read_policy(row, one.graph_id, known) for one in some)]
    for make in readings:
        free, needed, _ = requests_of(fabrikam, make)
        assert not isinstance(free, GraphError), free
        for budget in BUDGETS:
            few_at_once(budget)
            found, asked, messages = requests_of(fabrikam, make, budget)
            assert told(row, found) == told(row, free), "a replayed reading reads what an undisturbed one does"
            assert asked == needed
            assert messages <= needed + 1
        found, asked, messages = requests_of(fabrikam, make, budget, dies_after=1)
        assert told(row, found) == told(row, free)
        assert asked <= needed + messages * budget, "a crash costs the call that was under way, and no more"


def told(row, found):
    """What a reading says, without what the service makes up anew for each answer."""
    return found if isinstance(found, PolicyList) else (normalise(row, found.content), found.proof, found.references)


def test_everything_that_a_restore_looks_up_is_asked_for_once(fabrikam, lists, few_at_once):
    references = []
    for key in ("conditionalAccessPolicies", "groupPolicyConfigurations", "configurationPolicies"):
        for listed in lists[key].policies[:20]:
            reading = drive(fabrikam, {0: read_policy(POLICY_TYPES[key], listed.graph_id)})[0]
            references += find_references(key, reading.content, listed.graph_id)
    found = []

    def make():
        found.append(TargetDirectory({}))
        return look_up_references(found[-1], references, {}, {})

    _, needed, _ = requests_of(fabrikam, make)
    few_at_once(3)
    _, asked, _ = requests_of(fabrikam, make, 3)
    assert asked == needed >= 15
    assert found[-1].by_id == found[0].by_id


class Scripted:
    """A client that answers each path from a list, in that order, and remembers what it was asked."""

    def __init__(self, **answers):
        self.answers, self.asked = answers, []

    def batch(self, asks, before_sending=lambda: None):
        before_sending()
        self.asked += [ask.path for ask in asks]
        return [self.answers[ask.path].pop(0) for ask in asks]


def body(**values):
    return Answer(body=values)


def two_steps():
    [one] = yield ["a"]
    [other] = yield ["b"]
    if other.error:
        raise other.error
    return one.body, other.body


def test_an_answer_that_is_not_to_be_had_is_asked_for_again_and_nothing_before_it():
    client = Scripted(a=[body(n=1)], b=[Answer(error=Unavailable("unavailable", "503")), body(n=2)])
    memory = Memory()
    assert isinstance(drive(client, {0: two_steps()}, memory=memory)[0], Unavailable)
    assert drive(client, {0: two_steps()}, memory=memory)[0] == ({"n": 1}, {"n": 2})
    assert client.asked == ["a", "b", "b"]


def test_a_refusal_is_remembered_as_what_it_was():
    def tolerant():
        [one] = yield ["a"]
        [other] = yield ["b"]
        if other.error:
            raise other.error
        return one.error

    refusal = Forbidden("permission_missing", "No.", status=403, request_id="r")
    refusal.permissions = ("A.Read.All", "B.Read.All")
    client = Scripted(a=[Answer(error=refusal)], b=[Answer(error=Throttled("throttled", "429")), body()])
    memory = Memory()
    drive(client, {0: tolerant()}, memory=memory)
    found = drive(client, {0: tolerant()}, memory=memory)[0]
    assert (type(found), vars(found)) == (Forbidden, vars(refusal))


def test_what_a_reading_itself_finds_damaged_is_read_anew():
    """Else it would find the same damage for ever."""

    def judging():
        [one] = yield ["a"]
        [other] = yield ["b"]
        if one.body["n"] != other.body["n"]:
            raise Malformed("malformed", "They differ.")
        return one.body["n"]

    client = Scripted(a=[body(n=1), body(n=2)], b=[body(n=2), body(n=2)])
    memory = Memory()
    assert isinstance(drive(client, {0: judging()}, memory=memory)[0], Malformed)
    assert drive(client, {0: judging()}, memory=memory)[0] == 2


def test_what_was_seen_before_a_write_is_forgotten_with_it():
    """A look after a write, even by another worker after a crash, is a look at what the write made."""

    def writing():
        [before] = yield ["a"]
        yield [Request("a", "PATCH", {"n": 2})]
        [after] = yield ["a"]
        if after.error:
            raise after.error
        return before.body, after.body

    wait = Answer(error=Throttled("throttled", "429"))
    client = Scripted(a=[body(n=1), body(), wait, body(n=2), body(), body(n=3)])
    memory = Memory()
    drive(client, {0: writing()}, memory=memory)
    assert drive(client, {0: writing()}, memory=memory)[0] == ({"n": 2}, {"n": 3})


def test_a_look_and_a_write_come_to_an_end_where_each_message_may_send_one_request():
    """Each write waits for a look of its own: the looks of the others do not take its turn, nor is one taken twice."""
    places = [f"/identity/conditionalAccess/authenticationContextClassReferences/c{number}" for number in range(12)]

    class Paced(Scripted):
        def batch(self, asks, before_sending=lambda: None):
            if self.is_spent:
                return [Answer(error=Throttled("budget", "Used up."))]
            self.is_spent = True
            return super().batch(asks, before_sending)

    class Log:
        def __init__(self):
            self.sent = []

        def record_sending(self, writes):
            self.sent += [request.path for _, request in writes]
            return [len(self.sent)]

        def record_answers(self, write_ids, answers):
            assert len(write_ids) == len(answers)

    def making(place):
        [look] = yield [place]
        [made] = yield [Request(place, "PATCH", {})]
        if look.error or made.error:
            raise look.error or made.error
        return place

    client = Paced(**{place: [body(), body()] for place in places})
    memory, log, left, messages = Memory(), Log(), dict.fromkeys(places), 0
    while left:
        client.is_spent, messages = False, messages + 1
        assert messages <= 2 * len(places), "it goes round in a circle"
        found = drive(client, {place: making(place) for place in left}, log, memory)
        left = {place: None for place in left if isinstance(found[place], GraphError)}
    order = [number for number, place in enumerate(client.asked) if place == places[0]]
    assert order == [0, 1], "written as soon as it was looked at: a look is old before long"
    assert log.sent == places, "what was not let through was not recorded as sent"


@pytest.mark.parametrize("lost", [0, 3], ids=["whole", "partly repeated"])
def test_of_writes_that_the_budget_holds_back_those_that_fit_are_sent_once(lost):
    """`lost`: so many of the first batch have to be sent a second time, for which there is no room any more."""
    held_back = Answer(error=Throttled("budget", "Used up."))
    asked, room, most = [], 17, 17 - lost

    class Roomy:
        def batch(self, asks, before_sending):
            nonlocal room, lost
            if len(asks) > room:
                return [held_back] * len(asks)
            before_sending()
            room -= len(asks)
            done, lost = len(asks) - lost, 0
            asked.extend(ask.path for ask in asks[:done])
            return [body()] * done + [held_back] * (len(asks) - done)

    def writing(place):
        [answer] = yield [Request(place, "POST", {})]
        return answer.error

    places = [f"/deviceManagement/configurationPolicies/p{number:02}" for number in range(20)]
    found = drive(Roomy(), {place: writing(place) for place in places})
    assert len(asked) == len(set(asked)) == most
    assert [place for place in places if found[place] is None] == asked


def test_whoever_is_throttled_by_our_own_budget_is_not_followed_by_the_others():
    class Spent(Scripted):
        def batch(self, asks, before_sending=None):
            self.asked += [ask.path for ask in asks]
            return [Answer(error=Throttled("budget", "Used up."))]

    path = "/identity/conditionalAccess/policies"
    client = Spent()
    found = drive(client, {n: read_policy(POLICY_TYPES["conditionalAccessPolicies"], f"p{n}") for n in range(50)})
    assert {type(error) for error in found.values()} == {Throttled}
    assert client.asked == [f"{path}/p0"]


def test_reads_go_side_by_side_beside_what_is_paced_and_each_answer_reaches_who_asked():
    access = [f"/identity/conditionalAccess/policies/{number}" for number in range(2)]
    logs = ["/deviceManagement/auditEvents"]
    together = Barrier(SIDE_BY_SIDE + 2, timeout=60)
    order = []

    class Meeting(Scripted):
        def batch(self, asks):
            order.append(asks[0].path)
            if asks[0].path != access[1]:
                together.wait()  # broken, unless as many are under way at once
            return [body(path=ask.path) for ask in asks]

    def reading(path):
        [answer] = yield [path]
        return answer.body["path"]

    paths = [*(f"/deviceManagement/x/{number}" for number in range(SIDE_BY_SIDE * BATCH_SIZE)), *access, *logs]
    assert drive(Meeting(), {path: reading(path) for path in paths}) == {path: path for path in paths}
    assert [path for path in order if path in access] == access, "one after another"


def test_a_list_with_damaged_elements_holds_all_others_and_what_can_be_made_out():
    page = [{"id": "1", "name": "Sound"}, {"id": "2", "name": "Damaged", "assignments": [{"id": "a"}]}, "?",
            {"name": "Nameless"}, {"id": 7, "name": "Numbered"}]  # fmt: skip
    row = POLICY_TYPES["configurationPolicies"]
    client = Scripted(**{row.list_path(): [body(value=page)]})
    found = drive(client, {0: list_policies(row)})[0]
    assert isinstance(found, PolicyList)
    assert [(policy.graph_id, policy.name, policy.assignments_mark is None) for policy in found.policies] == [
        ("1", "Sound", True), ("2", "Damaged", True)]  # fmt: skip
    assert [policy.name for policy in found.without_id] == ["(no name)", "Nameless", "Numbered"]


@pytest.mark.parametrize("error", [Malformed("malformed", "Damaged."), Unavailable("unavailable", "503")])
def test_a_name_that_is_not_to_be_had_costs_itself_at_the_last_try(error):
    item = {
        "id": "p",
        "name": "P",
        "assignments": [
            {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group_id}}
            for group_id in ("g", "h")
        ],
    }
    row, groups = (
        POLICY_TYPES["configurationPolicies"],
        {group_id: f"/groups/{group_id}?$select=id,displayName" for group_id in "gh"},
    )

    def client():
        return Scripted(**{row.read_path("p"): [body(**item)], groups["g"]: [Answer(error=error)],
                           groups["h"]: [body(displayName="H")]})  # fmt: skip

    assert drive(client(), {0: read_policy(row, "p")})[0] is error
    found = drive(client(), {0: read_policy(row, "p", is_last_try=True)})[0]
    assert found.references["groups"] == {"g": None, "h": "H"}
    assert error.sentence in found.proof["names"]


def test_a_token_that_went_since_the_list_costs_itself():
    row = POLICY_TYPES["depOnboardingSettings"]
    below = {token: f"{row.item_path(token)}/enrollmentProfiles" for token in ("t1", "t2")}
    client = Scripted(**{row.path: [body(value=[{"id": "t1"}, {"id": "t2"}])],
                         below["t1"]: [Answer(error=NotFound("not_found", "404"))],
                         below["t2"]: [body(value=[{"id": "x", "displayName": "X"}])]})  # fmt: skip
    found = drive(client, {0: list_policies(row)})[0]
    assert [policy.graph_id for policy in found.policies] == ["t2/x"]
