"""Following the links of a list to its last page."""

import pytest

from graph.errors import Malformed
from graph.read.paging import all_elements, all_pages, follow_inline_pages, follow_pages
from graph.read.proof import Proof
from tests.graph.steps import run_steps

NEXT = "https://graph.example/beta/list?$skiptoken=2"
FIRST = {"value": [{"id": "a"}], "@odata.nextLink": NEXT}
LAST = {"value": [{"id": "b"}]}


def test_all_pages_returns_the_items_of_every_page():
    items, requests = run_steps(all_pages("/list"), {"/list": FIRST, NEXT: LAST})
    assert items == [{"id": "a"}, {"id": "b"}]
    assert [request.path for request in requests] == ["/list", NEXT]


def test_follow_pages_counts_pages_in_the_proof():
    proof = Proof()
    run_steps(follow_pages(FIRST, proof), {NEXT: LAST})
    assert proof.pages == 2


def test_follow_pages_refuses_a_link_that_comes_twice():
    with pytest.raises(Malformed):
        run_steps(follow_pages(FIRST), {NEXT: FIRST})


def test_only_all_elements_takes_a_page_with_something_that_is_no_object():
    page = {"value": [{"id": "a"}, "damaged"]}
    assert run_steps(all_elements("/list"), {"/list": page})[0] == page["value"]
    with pytest.raises(Malformed):
        run_steps(all_pages("/list"), {"/list": page})


def test_follow_inline_pages_completes_a_list_that_was_cut():
    body = {"id": "p", "settings": [{"id": "0"}], "settings@odata.nextLink": NEXT}
    run_steps(follow_inline_pages(body, Proof()), {NEXT: {"value": [{"id": "1"}]}})
    assert body["settings"] == [{"id": "0"}, {"id": "1"}]
