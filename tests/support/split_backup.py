"""A backup that was handed out in parts, without Graph."""

from db.audit.audit import SYSTEM
from db.models import Policy, Run
from db.runs import child_runs, claims, run_items, runs
from db.states import RunKind


def handed_out(tenant):
    """A backup of the tenant's policies, each of them a part of its own, sent to nobody."""
    chosen = Policy.select().where(Policy.tenant == tenant).order_by(Policy.id)
    items = [run_items.NewRunItem(one.policy_type, one.name, one.id, one.graph_id) for one in chosen]
    run = runs.start(tenant=tenant, kind=RunKind.BACK_UP, dedupe_key="x", items=items, actor=SYSTEM).run
    claim = claims.take_claim(run.id, run.kind)
    child_runs.create_children(claim, [[item.id] for item in run_items.unsettled_items(run)], with_rest=False)
    return Run.get_by_id(run.id)


def parts_of(whole):
    return list(Run.select().where(Run.parent == whole).order_by(Run.part))
