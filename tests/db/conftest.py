"""Runs of Contoso, started as pages do; and of which tests one case is enough on PostgreSQL."""

import pytest

from db.audit.audit import Actor
from db.models import Policy
from db.runs import run_items, runs
from db.states import RunKind

# Their cases make the same statements: what differs is words, or what is done to rows that are read.
ONE_CASE_ON_POSTGRESQL = {
    "test_a_backup_set_and_the_run_that_makes_it_are_called_by_what_is_backed_up",
    "test_a_restore_is_called_by_what_it_writes_where_and_why",
    "test_a_run_of_every_kind_has_a_name_of_its_own_also_alone",
    "test_a_snapshot_says_by_what_it_was_made",
    "test_a_spoiled_export_is_found_without_any_database",
    "test_a_succeeded_run_is_good_only_where_no_item_fell_short",
    "test_what_cannot_be_is_refused",
    "test_what_is_no_export_is_refused_with_a_sentence",
    "test_who_makes_the_plain_hashes_fit_again_is_found_by_the_keyed_ones",
}


def pytest_collection_modifyitems(config, items):
    kept, left_out, seen = [], [], set()
    for item in items:
        name = getattr(item, "originalname", "")
        is_of_many = name in ONE_CASE_ON_POSTGRESQL and "[postgresql" in item.nodeid
        family = (item.path, name)
        (left_out if is_of_many and family in seen else kept).append(item)
        if is_of_many:
            seen.add(family)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


@pytest.fixture
def start(cast):
    """start(by, items=1): a run of Contoso, started like pages do."""

    def make(by=None, items=1):
        policy = Policy.get(Policy.tenant == cast.contoso)
        new = [
            run_items.NewRunItem("configurationPolicies", f"item {n}", policy.id, policy.graph_id) for n in range(items)
        ]
        return runs.start(
            tenant=cast.contoso,
            kind=RunKind.CAPTURE_SNAPSHOT,
            dedupe_key="policy.capture_snapshot:1:1",
            items=new,
            actor=Actor.person(by or cast.ada, "127.0.0.1"),
            policy=policy,
        )

    return make
