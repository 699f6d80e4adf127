"""Every route x verb x person x own and other tenant's object, and every form with the other tenant's ids in it.

Walked from the URL map and the pages themselves, so that what is new is tried without being named here. What each
person must get is worked out from the permission that the route declares and from the table in
web/security/permissions.py.
"""

import io
import re
import zipfile
from collections import defaultdict
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import cycle
from urllib.parse import parse_qsl, urlsplit

import pytest
import redis
from flask import request
from flask.testing import FlaskClient
from flask_login import current_user
from werkzeug.exceptions import HTTPException

from db.accounts import api_tokens, users
from db.audit.audit import SYSTEM
from db.database import database
from db.models import AuditEvent
from db.states import Scope
from tests.support import two_tenants
from tests.support.environment import REDIS_PORT
from tests.support.forms import Field, Form, csrf_token, every_page
from tests.support.two_tenants import MARK, PEOPLE
from web.api import rate_limit
from web.security.permissions import EVERYWHERE, IN_TENANT, Permission

P = Permission
STATIC = {"static", "admin.static"}
VERBS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
OF_A_TENANT = {P.SEE, P.OPERATE, P.MANAGE, P.AUDIT, P.SEE_STANDARDS}
OF_STANDARDS = {P.SEE_STANDARDS, P.EDIT_STANDARDS, P.APPROVE_STANDARDS}
OUTSIDE = {"anonymous", "deactivated"}
REDIS = redis.Redis(port=REDIS_PORT)
# What each request may write: who asked, when, and from where.
NO_EFFECT = frozenset({"audit_event", "audit_head", "session"})
# When a token was used last.
USES = frozenset({"api_token"})
LIMITED = "limited"
# These try what every scope alone opens; the others what the right one does.
WITH_EVERY_TOKEN = {"manager who reads the other", "admin"}
API_READ, API_ACT = {200}, {200, 201, 202, 400, 409, 422}
# HEAD has the view of GET: that it is refused like GET, one of each sort shows.
ASK_HEAD = {"anonymous", "nobody", "manager"}
OWN_ID = re.compile(rf"\b(?P<number>713\d{{5}})\b|(?P<guid>{two_tenants.OWN_DIGITS}[-0-9a-f]{{28}})")
# More than any form counts to; or a GUID.
UNKNOWN_ID = re.compile(r"\d{4,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Of every tenant at once: for those who hold its permission in the whole installation.
OF_ALL = {"audit.export_proof"}
# An operator's forms are among a manager's, and what each takes is asked in the same way.
PEOPLE_OF_FORMS = ("manager", "manager who reads the other", "reader", "auditor")
PAGE, ACT = {200, 303}, {200, 202, 302, 303, 400}


def rules(app):
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint not in STATIC]


def page_rules(app):
    """Those for people, who have a cookie: it opens nothing of the API."""
    return [rule for rule in rules(app) if not rule.endpoint.startswith("api.")]


def api_rules(app):
    return [rule for rule in rules(app) if rule.endpoint.startswith("api.")]


def permission_of(app, rule):
    return getattr(app.view_functions[rule.endpoint], "permission", None)


def holds(person, permission, places=frozenset()):
    """By the table alone: in every one of these tenants; without any, in one at least."""
    if permission == P.PUBLIC:
        return True
    if person in OUTSIDE:
        return False
    site_role, *roles = PEOPLE[person]
    if permission == P.SIGNED_IN or permission in EVERYWHERE[site_role]:
        return True
    of_place = zip(("own", "other"), roles, strict=True)
    held = {place for place, role in of_place if role and permission in IN_TENANT[role]}
    return places <= held if places else bool(held)


class Matrix:
    """The two tenants, the cookies of each person, and how many requests were made. Requests keep no cookie."""

    def __init__(self, app, sign_in, password_hash) -> None:
        self.own, self.other, people = two_tenants.both(password_hash)
        self.app, self.requests, self.refused, self.wrong = app, 0, 0, []
        self.addresses = app.url_map.bind("")
        self.drawn = set()  # whose first route of a permission was asked: each sort as a page once
        self.cookies, self.tokens, self.programs = {}, {}, {}
        self.give_tokens(people)
        for name in PEOPLE:
            self._enter(name, people.get(name), sign_in)
        users.change(people["deactivated"], SYSTEM, is_active=False)
        self._client = FlaskClient(app, app.response_class, use_cookies=False)  # pages as they are: nothing reads them

    def _enter(self, name, user, sign_in):
        client = self.app.test_client()
        if user:
            sign_in(client, user)
        self.tokens[name] = csrf_token(client, "/notifications/" if user else "/sign-in")
        self.cookies[name] = f"tenantkeep={client.get_cookie('tenantkeep').value}"

    def give_tokens(self, people):
        """Each person one token for each scope alone, and one that has them all, for the own tenant alone."""
        for name, user in people.items():
            limits = {scope: ((scope,), None) for scope in Scope} | {LIMITED: (tuple(Scope), [self.own.tenant])}
            for sort, (scopes, places) in limits.items():
                _, self.programs[name, sort] = api_tokens.make(user, f"{sort}", scopes, places, None, 9, SYSTEM)

    def ask_api(self, person, sort, method, path, document):
        self.requests += 1
        headers = {"Authorization": f"Bearer {self.programs.get((person, sort), 'none')}"}
        body = {"json": document} if method == "POST" else {}
        answer = self._client.open(path, method=method, headers=headers, **body)
        self.refused += answer.status_code == 403
        return answer

    def ask(self, person, method, path, accept="text/html", data=None):
        self.requests += 1
        form = {**(data or {}), "csrf_token": self.tokens[person]} if method == "POST" else None
        query = data if method == "GET" and data else None
        headers = {"Cookie": self.cookies[person], "Accept": accept}
        answer = self._client.open(path, method=method, headers=headers, data=form, query_string=query)
        self.refused += answer.status_code == 403
        return answer

    def expect(self, is_right, *what):
        if not is_right:
            self.wrong.append(" ".join(map(str, what)))

    def mixes(self, rule):
        """Whose each argument of an address is, in every way to mix them."""
        found = [{}]
        for name in sorted(rule.arguments & set(self.own.ids)):
            found = [{**mix, name: place} for mix in found for place in ("own", "other")]
        return found

    def address(self, rule, mix):
        of = {"own": self.own.ids, "other": self.other.ids}
        values = {name: of[place][name] for name, place in mix.items()} | {"export_type": "csv", "ending": "csv"}
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values.get(found[1], "1"), rule.rule)


@pytest.fixture
def matrix(app, sign_in, _password_hash, capsys):
    made = Matrix(app, sign_in, _password_hash)
    # Requests leave the connection open, so that what they did can be taken back.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database.obj, "close", lambda: None)
        yield made
    with capsys.disabled():
        print(f"\n{made.requests} requests in the isolation matrix")


def remember_frames(app, monkeypatch):
    """Ask for what the frame tells a person of runs and changes once: while nothing changes, each page has the same.

    Within what is undone something may have changed: there it is asked for.
    """
    for name in ("running_runs", "unread_count", "open_change_count"):
        monkeypatch.setitem(app.jinja_env.globals, name, remembered(app.jinja_env.globals[name]))


def remembered(ask):
    answers = {}

    def answer():
        if database.in_transaction():
            return ask()
        asked = current_user.id, request.query_string
        if asked not in answers:
            answers[asked] = ask()
        return answers[asked]

    return answer


@contextmanager
def undone():
    """Whatever happens inside never happened: in the database, and in Redis, which holds the keys of runs."""
    with database.atomic() as transaction:
        yield
        transaction.rollback()
    REDIS.flushall()


def text_of(answer):
    """Every word of an answer, its head and its body, also when that is a ZIP."""
    body = answer.get_data()
    if body and answer.mimetype == "application/zip":
        with zipfile.ZipFile(io.BytesIO(body)) as file:
            body = b"\n".join(entry.filename.encode() + file.read(entry) for entry in file.infolist())
    return f"{answer.headers}{body.decode()}"


def shows_the_other(answer, sent=""):
    """The first thing of the other tenant's in an answer, but for what the request itself said."""
    said = {mark.lower() for mark in MARK.findall(sent)}
    return next((mark for mark in MARK.findall(text_of(answer)) if mark.lower() not in said), None)


def may_know(person, permission, answer):
    """Of the other tenant. The frame of a page tells of runs, whatever the page itself is of."""
    is_page = answer.mimetype == "text/html"
    if permission in OF_STANDARDS and holds(person, P.SEE_STANDARDS, {"other"}):
        return True  # the names of followers, and how they stand; test_following.py says what else is not shown
    sees, audits = (holds(person, permission, {"other"}) for permission in (P.SEE, P.AUDIT))
    return audits or (sees and is_page) if permission == P.AUDIT else sees


def test_every_route_declares_a_permission(app):
    bare = [rule.rule for rule in rules(app) if not isinstance(permission_of(app, rule), P)]
    assert bare == [], "declare one with @requires(Permission.…)"


def test_every_argument_of_a_tenants_route_is_known(app):
    """Else the matrix would ask for things that are nobody's, and prove nothing."""
    known = set(two_tenants.ARGUMENTS) | {"export_type", "ending", "version_number", "position"}
    odd = [rule.rule for rule in rules(app) if permission_of(app, rule) in OF_A_TENANT and rule.arguments - known]
    assert odd == [], "teach tests/support/two_tenants.py what this argument names, for both tenants"


# Who may do what is decided before the database is asked, in one place for both engines.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_person_gets_of_every_route_what_its_permission_and_the_table_say(app, matrix, monkeypatch):
    remember_frames(app, monkeypatch)
    before = two_tenants.rows(NO_EFFECT)
    refused_before = refusals()
    matrix.refused = 0
    for rule in page_rules(app):
        *others, last = matrix.mixes(rule)
        for person in PEOPLE:
            # Whose a thing is decides nothing for who holds the permission in no tenant.
            for mix in others if holds(person, permission_of(app, rule)) else ():
                if set(mix.values()) == {"own"} and not any(PEOPLE[person][1:]):
                    continue  # nor are the two another to who has a role in neither, as an admin: `last` is the other's
                walk(app, matrix, rule, person, mix)
            walk(app, matrix, rule, person, last, is_thorough=True)
    assert not matrix.wrong, "\n".join(matrix.wrong)
    assert two_tenants.rows(NO_EFFECT) == before, "what was refused changed something"
    assert refusals() - refused_before == matrix.refused, "every refusal is in the audit log"


# As above: nothing of it asks the database otherwise than pages do.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_program_gets_of_the_api_what_its_person_may_within_scopes_and_tenants(app, matrix, monkeypatch):
    monkeypatch.setattr(rate_limit, "count", lambda token_id: None)
    before = two_tenants.rows(NO_EFFECT | USES)
    refused_before = refusals()
    matrix.refused = 0
    for rule in api_rules(app):
        scopes = app.view_functions[rule.endpoint].scopes
        document = well_formed(app.view_functions[rule.endpoint].declared.body)
        mixes, permission = matrix.mixes(rule), permission_of(app, rule)
        for person in PEOPLE:
            # Whose a thing is decides nothing for who holds the permission in no tenant.
            for mix in mixes if holds(person, permission) else mixes[-1:]:
                for sort in tokens_to_try(person, scopes, mix):
                    walk_api(matrix, rule, (person, sort), mix, permission, scopes, document)
    assert not matrix.wrong, "\n".join(matrix.wrong)
    assert two_tenants.rows(NO_EFFECT | USES) == before, "what was refused changed something"
    assert refusals() - refused_before == matrix.refused, "every refusal is in the audit log"


def tokens_to_try(person, scopes, mix):
    """Tokens of a right scope, and of tenants. One of a wrong scope is tried where that alone is what it lacks."""
    if person == "anonymous":
        return (sorted(scopes)[0],)  # who has no token, whatever it would be for
    is_whole = person in WITH_EVERY_TOKEN or (len(scopes) < len(Scope) and not mix)
    others = set(Scope) - scopes if is_whole and set(mix.values()) <= {"own"} else ()
    usual = scopes if is_whole else sorted(scopes)[:1]
    return (*sorted({*usual, *others}), LIMITED)


def well_formed(body):
    """The least that a request has to say: what is wrong with more of it is nobody's business before the right."""
    return {name: "x" for name, field in body.model_fields.items() if field.is_required()} if body else {}


def walk_api(matrix, rule, program, mix, permission, scopes, document):
    (person, sort), path = program, matrix.address(rule, mix)
    places = set(mix.values())
    may = holds_with(person, sort, permission, places) and (sort == LIMITED or sort in scopes)
    for method in sorted(rule.methods - ({"OPTIONS"} if person in ASK_HEAD else {"OPTIONS", "HEAD"})):
        is_undone = may and method not in ("GET", "HEAD")
        with undone() if is_undone else nullcontext():
            answer = matrix.ask_api(person, sort, method, path, document)
        matrix.refused -= is_undone and answer.status_code == 403
        status, is_mixed = answer.status_code, len(places) > 1
        expected = {401} if person in OUTSIDE else {403} if not may else API_ACT if is_undone else API_READ
        # A restore's source may ask for more than the route says, and a request without a body may say too little.
        expected |= {403, 404} if may and (is_undone or is_mixed) else set()
        # What is of no tenant has a number that nothing here has.
        expected |= {404} if may and permission == P.ADMINISTER and rule.arguments else set()
        shown = shows_the_other(answer, path)
        matrix.expect(status in expected, person, sort, method, path, status, "not", expected)
        knows = person not in OUTSIDE and sort != LIMITED and holds(person, P.SEE, {"other"})
        knows |= permission in OF_STANDARDS and sort != LIMITED and holds(person, P.SEE_STANDARDS, {"other"})
        knows |= permission == P.AUDIT and sort != LIMITED and holds(person, P.AUDIT, {"other"})
        matrix.expect(not shown or knows, person, sort, method, path, "shows", shown)


def holds_with(person, sort, permission, places):
    """By the table, within what the token is for."""
    if sort != LIMITED or permission == P.SIGNED_IN:
        return holds(person, permission, places)
    if permission == P.ADMINISTER:
        return False  # it is of the whole installation
    return places <= {"own"} and holds(person, permission, places | {"own"})


def refusals():
    return AuditEvent.select().where(AuditEvent.action == "access:refused").count()


def walk(app, matrix, rule, person, mix, *, is_thorough=False):
    path, permission = matrix.address(rule, mix), permission_of(app, rule)
    # The address' directory is no row of ours: what it leads to is its tenant's.
    places = {place for name, place in mix.items() if name != "directory_id"}
    may = holds(person, permission, places or ({"own", "other", "any"} if rule.endpoint in OF_ALL else frozenset()))
    sort = (person, permission, "POST" in rule.methods)
    is_first = is_thorough and sort not in matrix.drawn
    matrix.drawn |= {sort} if is_first else set()
    for method, accept in ways(rule, person, may, is_first, is_thorough):
        is_undone = may and method == "POST"
        with undone() if is_undone else nullcontext():
            answer = matrix.ask(person, method, path, accept)
        if is_undone and answer.status_code == 403:
            matrix.refused -= 1  # its audit event went too: once more, to find that in the log
            answer = matrix.ask(person, method, path, accept)
        expected = expected_of(app, rule, person, mix, method, accept, may)
        status, found = answer.status_code, shows_the_other(answer, path)
        matrix.expect(status in expected, person, method, path, accept, status, "not", expected)
        # A number in the log of one's own tenant is of an address that somebody asked for.
        is_typed = permission == P.AUDIT and bool(found) and found.isdigit()
        matrix.expect(
            not found or is_typed or may_know(person, permission, answer), person, method, path, "shows", found
        )


def ways(rule, person, may, is_first, is_thorough):
    """Verbs, and what each asks to be answered with. Only refusals and errors differ by that.

    Such is a page for the first route of each person and permission: its frame is the same for every route, and its
    words are those of the short form, which all others are answered with. Strangers are led to the sign-in.
    """
    is_page = is_first or may or person in OUTSIDE
    verbs, usual = sorted(rule.methods - {"OPTIONS", "HEAD"}), "text/html" if is_page else "application/json"
    yield from ((verb, usual if verb == "GET" or is_first else "application/json") for verb in verbs)
    if "GET" in verbs and is_thorough and not may:
        if person in ASK_HEAD:
            yield "HEAD", usual
        if is_page:
            yield "GET", "application/json"


def expected_of(app, rule, person, mix, method, accept, may):
    permission = permission_of(app, rule)
    if not may and person in OUTSIDE:
        return {302} if method == "GET" and accept == "text/html" else {401}
    is_mixed = len(set(mix.values())) > 1
    if not may:
        # A roll-out that one may see, and a tenant of one's own that is no part of it.
        return {403, 404} if is_mixed and rule.rule.startswith("/rollouts/") else {403}
    if permission in (P.PUBLIC, P.SIGNED_IN):
        return set(range(200, 500)) - ({401} if permission == P.SIGNED_IN else set())
    # Rows of two tenants belong to no page; and what a form or an address names beside them there may be none of.
    is_whole = not is_mixed and mix and rule.arguments <= {*mix, "export_type", "ending"}
    # Who makes standards takes a tenant's policies for one only where they see them.
    is_of_tenant = permission == P.EDIT_STANDARDS and bool({"tenant_id", "import_id"} & mix.keys())
    needs_more = is_of_tenant and not holds(person, P.SEE, set(mix.values()))
    also = {403} if needs_more else set()
    return (PAGE if method != "POST" else ACT) | (set() if is_whole else {400, 404}) | also


# It is answered before anything asks the database, or who somebody is: one of each sort asks a third of the routes.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_verb_that_a_route_has_not_is_405_for_everybody_and_options_tells_which_it_has(app, matrix):
    of_path = defaultdict(set)
    for rule in rules(app):
        of_path[rule.rule] |= rule.methods
    for rule, person in zip(rules(app), cycle(("anonymous", "reader", "admin")), strict=False):
        path = matrix.address(rule, matrix.mixes(rule)[0])
        for method in VERBS - of_path[rule.rule]:
            answer = matrix.ask(person, method, path, "application/json")
            matrix.expect(answer.status_code == 405, person, method, path, answer.status_code)
        answer = matrix.ask(person, "OPTIONS", path)
        is_bare = (answer.status_code, answer.get_data(), set(answer.allow)) == (200, b"", of_path[rule.rule])
        matrix.expect(is_bare, person, "OPTIONS", path, answer.status_code, answer.allow)
    assert not matrix.wrong, "\n".join(matrix.wrong)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_form_and_no_address_takes_an_id_of_the_other_tenant(app, matrix):
    """Not in a hidden field, a choice, a list, a filter or an argument; nor does what a person types show its names."""
    names = set()
    for person in PEOPLE_OF_FORMS:
        forms = forms_for(matrix, person)
        before = two_tenants.rows(NO_EFFECT)
        for form in forms:
            for changes in smuggled(form):
                send(matrix, person, form, changes, before)
                names |= set(changes)
        assert two_tenants.rows(NO_EFFECT) == before, f"{person} changed something by looking"
    assert not matrix.wrong, "\n".join(matrix.wrong)
    assert names >= {"tenant", "rowid", "snapshot", "backup_set", "item", "leave", "person", "one", "other", "typed_id"}


def forms_for(matrix, person):
    """Those of every page that this person can reach; and each link and export that has arguments, as a form."""

    def get(address):
        answer = matrix.ask(person, "GET", address)
        matrix.expect(answer.status_code == 200, person, "follows a link of ours to", address, answer.status_code)
        return answer.get_data(as_text=True) if answer.mimetype == "text/html" else None

    found = {}
    for address, page in every_page(get).items():
        parts = urlsplit(address)
        asked = [Field(name, value, "hidden") for name, value in parse_qsl(parts.query)]
        exports = [urlsplit(link).path for link in page.links if "/export" in link]
        narrowed = [replace(form, path=one) for form in page.forms if form.method == "GET" for one in exports]
        for form in (Form(parts.path, "GET", asked), *page.forms, *narrowed):
            found.setdefault(kind_of(matrix, form), form)
    return found.values()


def kind_of(matrix, form):
    """Forms with the same view, fields and buttons, of which the same hold ids, are one, whatever their page is of."""
    try:
        view = matrix.addresses.match(form.path, method=form.method)[0]
    except HTTPException:
        view = form.path
    with_own = {field.name for field in form.fields if OWN_ID.search(field.value)}
    buttons = {(one.name, one.value) for one in form.buttons}
    return form.method, view, frozenset(field.name for field in form.fields), frozenset(with_own), frozenset(buttons)


def smuggled(form):
    """The form's fields, each once with what is the other tenant's in place of the own, and once beside it."""
    for name in {field.name for field in form.fields} - {"csrf_token"}:
        values = [field.value for field in form.of(name)]
        strange = [
            value
            for value in values
            if UNKNOWN_ID.fullmatch(value) and not (OWN_ID.search(value) or MARK.search(value))
        ]
        assert not strange, f"{form.path}: whose is {strange} in “{name}”? two_tenants.py should have one of each"
        own = [value for value in values if OWN_ID.search(value)]
        theirs = [OWN_ID.sub(counterpart, value) for value in own]
        if theirs:
            yield {name: theirs[0]}
            yield {name: [*own, *theirs]}
        elif {field.kind for field in form.of(name)} <= {"text", "search"}:
            yield {name: two_tenants.guid(two_tenants.DIGITS, two_tenants.GROUP)}
            yield {name: two_tenants.WORD[1:]}


def counterpart(found):
    """What the other tenant has in the place of this id: both were filled in the same order."""
    if found["number"]:
        return str(int(found["number"]) - two_tenants.OWN + two_tenants.OTHER)
    return two_tenants.guid(two_tenants.DIGITS, int(found["guid"][-4:], 16))


def send(matrix, person, form, changes, before):
    """With each of its buttons. Refused, or without an effect on anything of the other tenant's; and never shown."""
    for button in form.buttons or [None]:
        data = form.filled(({button.name: button.value} if button else {}) | changes)
        with undone() if form.method == "POST" else nullcontext():
            answer = matrix.ask(person, form.method, form.path, data=data)
            seen = [answer, *follow(matrix, person, answer)]
            after = two_tenants.rows(NO_EFFECT) if form.method == "POST" else before
        what = (person, form.method, form.path, changes, answer.status_code)
        matrix.expect(before == after or answer.status_code < 400, *what, "and something changed")
        matrix.expect(
            theirs_in(before, person, form.path) == theirs_in(after, person, form.path),
            *what,
            "and something of theirs changed",
        )
        matrix.expect(all(answer.status_code < 500 for answer in seen), *what)
        for one in seen:
            shown, permission = shows_the_other(one, f"{data}"), P.AUDIT if form.path.startswith("/audit/") else P.SEE
            matrix.expect(not shown or may_know(person, permission, one), *what, "shows", shown)


def follow(matrix, person, answer):
    return [matrix.ask(person, "GET", answer.location)] if answer.status_code in (302, 303) else []


def theirs_in(rows, person, path=""):
    """Rows of the other tenant, and rows that point to it: whoever sees it may choose it, and read of it.

    The run that makes a document of what they see is theirs to start: docs/documents.md.
    """
    personal = ("preference", "notification") if holds(person, P.SEE, {"other"}) else ("none",)
    if path == "/documents/new" and holds(person, P.SEE, {"other"}):
        personal += ("policy_document", "run")
    return [row for row in rows if two_tenants.THEIRS.search(row) and not row.startswith(personal)]
