"""`definitions.fill`: asks a tenant for the words that its policies need and the installation's catalogue lacks.

Nobody waits for it, and nobody is told: the scheduler begins it after a run that captured something, one at a time in
each language. It looks through the policies whose newest snapshot is new, asks in $batches, and renews a few words that
are old. A tenant that may not be asked costs nothing but itself: another one is asked. What was learnt is saved after
each hundred, so that a wait or a crash costs no second request.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

import dramatiq

import config
from actors.queue.enqueue import enqueue_new
from actors.queue.queue_names import BULK, PRIORITY
from actors.queue.run_actor import Completion, GivenUp, run_claimed
from actors.reading import policy_words
from actors.tenants.graph_clients import signed_in_client
from db.audit.own_actors import CATALOGUE
from db.clock import utcnow
from db.database import database
from db.definitions import categories, definitions, sources
from db.encryption import SealError
from db.errors import SwitchedOff
from db.models import DefinitionSource, DefinitionText, Run, Snapshot, Tenant
from db.policies import policy_settings, snapshots
from db.runs import claims, completion, runs
from db.runs.claims import Claim
from db.states import RunKind
from graph.definitions import asking
from graph.definitions.asking import FoundDefinition, FoundTemplate
from graph.definitions.met_ids import POLICY_TYPES_WITH_IDS, Catalogue, MetId, met_in
from graph.errors import Forbidden, GraphError, Malformed, NotAvailable, Rejected, SignInFailed
from graph.transport.batch_driver import drive, drive_one
from graph.transport.client import GraphClient

logger = logging.getLogger(__name__)

ENGLISH = "en"
# As many as its budget lets through at once.
AT_ONCE = 100
CONTENTS_AT_ONCE = 50
# A tenant that did not answer is asked again, or another one in its place.
PUT_OFF = timedelta(hours=1)
REFUSED = "definitions_refused"


def _languages() -> Sequence[str]:
    """Return the languages of the catalogue, English first, since it is what the others fall back to; maybe none."""
    return config.settings().definition_languages


def due_sources(apart: Collection[int]) -> Sequence[DefinitionSource]:
    """Return the tenants to start with; none while a fill is under way, or where no words are asked for."""
    if not _languages() or any(runs.find_active(_key(language)) for language in _languages()):
        return ()
    return sources.due_sources(utcnow(), apart)


def start_due(source: DefinitionSource) -> None:
    """Start a fill from this tenant, or note that there is nothing to ask of it."""
    language = _language_with_work(source.tenant)
    if language is None:
        sources.settle(source.tenant)
        return
    try:
        started = runs.start(
            tenant=source.tenant,
            kind=RunKind.DEFINE,
            dedupe_key=_key(language),
            items=[],
            actor=CATALOGUE,
            is_quiet=True,
        )
    except SwitchedOff as e:  # since it was found to be due
        logger.info("%s", e)
        return
    if started.is_new:
        enqueue_new(started)


def _key(language: str) -> str:
    return f"{RunKind.DEFINE}:{language}"


def _language_with_work(tenant: Tenant) -> str | None:
    if sources.has_unmet(tenant, POLICY_TYPES_WITH_IDS):
        return ENGLISH
    has_english = definitions.has_any(ENGLISH)
    for language in _languages():
        if definitions.to_ask(language, 1) or (has_english and not definitions.has_any(language)):
            return language
    return None


@dramatiq.actor(actor_name=RunKind.DEFINE, queue_name=BULK, priority=PRIORITY[BULK])
def fill(run_id: int) -> None:
    run_claimed(run_id, RunKind.DEFINE, _fill, Completion(finish=_finish, fail=_fail))


def _fill(claim: Claim) -> None:
    language = _language_of(claim.run)
    _look_through(claim)
    if language != ENGLISH:
        definitions.want_in(language)
    graph: GraphClient | None = None
    while wanted := definitions.to_ask(language, AT_ONCE, first=Catalogue.TEMPLATE):
        if claims.is_cancel_requested(claim):
            return
        graph = graph or _signed_in(claim.run.tenant)
        _ask(claim, graph, language, wanted)
    if without := definitions.categories_without_path(language):
        _ask_categories(claim, graph or _signed_in(claim.run.tenant), language, without)


def _language_of(run: Run) -> str:
    return str(run.dedupe_key).rpartition(":")[2]


def _signed_in(tenant: Tenant) -> GraphClient:
    """Return a client that has signed in. Raises GivenUp where the tenant does not let us in: another one may."""
    try:
        return signed_in_client(tenant)
    except Rejected as e:
        raise GivenUp(REFUSED, e.sentence) from e


# --- what the policies meet ------------------------------------------------------------------------------------------


def _look_through(claim: Claim) -> None:
    """Want what the newest contents meet, of the policies that were not looked through since they were captured."""
    tenant = claim.run.tenant
    while unmet := sources.unmet_snapshots(tenant, POLICY_TYPES_WITH_IDS, CONTENTS_AT_ONCE):
        met: dict[str, tuple[str, str]] = {}
        for _, snapshot in unmet:
            met |= {setting_id: (each.spelling, str(each.catalogue)) for setting_id, each in _met(snapshot).items()}
        definitions.want(met, _languages())
        with database.atomic():
            claims.assert_claim(claim)
            sources.mark_met([(policy_id, snapshot.id) for policy_id, snapshot in unmet])


def _met(snapshot: Snapshot) -> Mapping[str, MetId]:
    try:
        return met_in(snapshot.policy.policy_type, snapshots.read_snapshot(snapshot))
    except SealError:
        return {}  # its page says so


# --- asking ----------------------------------------------------------------------------------------------------------


def _ask(claim: Claim, graph: GraphClient, language: str, wanted: Sequence[DefinitionText]) -> None:
    """Ask for these, and save what was answered.

    Raises what has to be waited for, and GivenUp where the tenant may not be asked.
    """
    templates = [row for row in wanted if row.catalogue == Catalogue.TEMPLATE]
    # A template's answer holds its settings: those are not asked for beside it.
    steps: dict[str, Any] = {row.definition_id: asking.ask_template(row.spelling, language) for row in templates} or {
        row.definition_id: asking.ask_definition(MetId(row.spelling, Catalogue(row.catalogue)), language)
        for row in wanted
    }
    answers = drive(graph, steps)
    known: dict[str, FoundDefinition] = {}
    paths: dict[str, Sequence[str]] = {}
    for definition_id, answer in answers.items():
        if isinstance(answer, FoundTemplate):
            known |= answer.definitions
            paths |= {each.id: [each.title] for each in answer.categories.values()}
        elif isinstance(answer, FoundDefinition):
            known[definition_id] = answer
    unknown = {definition_id for definition_id, answer in answers.items() if _is_unknown(answer)} - known.keys()
    spellings = {row.definition_id: row.spelling for row in wanted}
    began = utcnow()
    with database.atomic():
        claims.assert_claim(claim)
        rows = [_row(each, spellings.get(definition_id, definition_id)) for definition_id, each in known.items()]
        definitions.save_answers(language, rows, unknown)
        categories.save_paths(language, paths)
    if language == ENGLISH:
        policy_settings.take_titles(known)
    if known:
        claim.has_progressed = True
        policy_words.take_up(definitions.changed_since(known.keys(), began))
    _raise_error([answer for answer in answers.values() if isinstance(answer, GraphError)])


def _is_unknown(answer: Any) -> bool:
    """Tell whether Graph has no such definition, or none that can be used. Nothing of the tenant is wrong then."""
    if isinstance(answer, Rejected):
        return not _is_refusal(answer)
    return answer is None or isinstance(answer, Malformed)


def _is_refusal(error: GraphError) -> bool:
    return isinstance(error, Forbidden | SignInFailed | NotAvailable)


def _raise_error(errors: Sequence[GraphError]) -> None:
    refusal = next(filter(_is_refusal, errors), None)
    if refusal:
        raise GivenUp(REFUSED, refusal.sentence)
    for error in errors:
        if not isinstance(error, Rejected | Malformed):
            raise error


def _row(found: FoundDefinition, spelling: str) -> dict[str, Any]:
    words = found.definition
    return {
        "definition_id": words.id,
        "spelling": spelling,
        "catalogue": str(found.catalogue),
        "version": words.version,
        "title": words.title,
        "description": words.description,
        "category_id": words.category_id,
        "options": dict(words.options),
        "unit": words.unit,
        "minimum": words.minimum,
        "maximum": words.maximum,
        "is_secret": words.is_secret,
    }


def _ask_categories(claim: Claim, graph: GraphClient, language: str, without: Sequence[tuple[str, str]]) -> None:
    """Ask for the titles of these (category id, catalogue); one that Graph does not have gets none."""
    by_catalogue: dict[str, set[str]] = {}
    for category_id, catalogue in without:
        by_catalogue.setdefault(catalogue, set()).add(category_id)
    for catalogue, missing in sorted(by_catalogue.items()):
        known = categories.all_paths(language)
        found = drive_one(graph, asking.ask_categories(missing, known.keys(), Catalogue(catalogue), language))
        nameless: dict[str, tuple[str, ...]] = dict.fromkeys(missing - found.keys(), ())
        with database.atomic():
            claims.assert_claim(claim)
            categories.save_paths(language, {**nameless, **asking.category_paths(found, known)})


# --- its end ---------------------------------------------------------------------------------------------------------


def _finish(claim: Claim) -> None:
    """End the run; one that learnt nothing leaves no trace. The next sweep sees what is left to ask."""
    if claims.is_cancel_requested(claim):
        sources.put_off(claim.run.tenant, utcnow() + PUT_OFF)
    if definitions.count_changed(_language_of(claim.run), claim.run.started_at):
        completion.finish(claim)
    else:
        completion.leave_no_trace(claim)


def _fail(claim: Claim, code: str, message: str, request_id: str | None) -> None:
    """Note why the tenant is not asked for now. What it has answered is saved, and the rest is asked for later."""
    logger.info("a tenant was not asked for definitions: %s", message, extra={"run": claim.run.id})
    tenant = claim.run.tenant
    with database.atomic():
        completion.leave_no_trace(claim)
        if code == REFUSED:
            sources.refuse(tenant, message)
        else:
            sources.put_off(tenant, utcnow() + PUT_OFF)
