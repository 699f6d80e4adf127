"""Every page with as much to show as there ever is: none is endless, and nothing on one is wider than the screen.

`make page-sizes` prints what it measures.
"""

import logging
import re

import pytest
from flask.testing import FlaskClient

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import CopiedSet, CopyStore, Tenant, User
from db.states import ChangeState, CopyState, LockState, SiteRole
from db.tenants import schedules
from tests.browser.conftest import served
from tests.support import large_installation
from tests.support.changes import record_change, record_event

# Width of the screen -> the most that a page may be high, in pixels.
SCREENS = {390: 12500, 1280: 6000}
IS_INSIDE = "one => one.getBoundingClientRect().right <= one.closest('.table-wrap').getBoundingClientRect().right"
# What a browser draws in a second or two.
MOST_BYTES = 1_000_000
# Page -> what makes it longer.
TOO_LARGE = {"restores.plan_page": "every setting that would be written, to be read from first to last, and printed"}
# Addresses that show no page of ours: files, probes, the demo's, the API's, ways to Entra ID and back.
NO_PAGES = re.compile(
    r"(admin\.)?static|health\..*|demo_mailbox\..*|sign_in\..*entra|api\..*|document_provider\.logo"
    r"|.*\.download(_\w+)?|.*\.go|consent_pages\.back"
)
# Endpoint -> what is asked besides the bare address.
QUERIES = {
    "new_restore.page": ("?backup_set={backup_set}", "?snapshot={snapshot}"),
    "policy_list.index_view": ("?page_size=40", "?tenant={tenant}&search=BitLocker", "?search=nothing+like+it"),
    "run_list.index_view": ("?page_size=40", "?state=unwell"),
    "audit.index": ("?tenant={tenant}",),
    "tenant_list.index_view": ("?page_size=40", "?tag=gold"),
    "tenant_acts.choose": ("?all=yes",),
    "tenant_acts.preview": ("?all=yes&act=back-up", "?all=yes&act=tags&add=gold,silver"),
    "later_changes.page": ("?since=month", "?kind=changed&page=3"),
    "moment.page": ("?show=different", "?show=new"),
    "change_list.index_view": ("?page_size=30", "?state=open&severity=high"),
    "comparisons.page": ("?first=set-{older_set}&second=set-{backup_set}",),
    "restores.page": ("?show=blocked",),
    "retention.page": ("?last=1&daily=2",),
    "settings.page": ("?q=device",),
    "matrix.page": ("?group=tag", "?state=differs"),
}
# Endpoint -> what has to be asked.
NEEDS = {
    "comparisons.export": "?first=set-{older_set}&second=set-{backup_set}",
    "followed_item.page": "?key={item_key}",
    "item_difference.page": "?key={item_key}",
    "documents.new": "?backup_set={backup_set}",
    "settings.export": "?key=device_setting_1",
    "settings.setting": "?key=device_setting_1",
    "tenant_acts.choose": "?all=yes",
    "tenant_acts.preview": "?all=yes&act=tags&add=gold",
}
# Endpoint -> the names of what `fill` returns, in place of those that its arguments have.
OTHERS = {
    "restores.page": ({}, {"restore_id": "finished"}),
    "restores.plan_page": ({}, {"restore_id": "finished"}),
    "runs.page": ({}, {"run_id": "restore_run"}, {"run_id": "live_run"}),
    "snapshots.compare_live": ({"run_id": "live_run"},),
    "look_up.page": ({"run_id": "look_up"},),
    "erasures.page": ({"directory_id": "gone"},),
}
# What reaches over the edge of the screen, or of a table's frame, and so has to be scrolled to the side.
WIDER = """() => {
  const edge = document.documentElement.clientWidth + 1, found = []
  if (document.documentElement.scrollWidth > edge) found.push('page')
  for (const one of document.querySelectorAll('main *, header *')) {
    const box = one.getBoundingClientRect(), name = one.tagName.toLowerCase() + '.' + one.className
    if (box.width < 2 || box.height < 2 || !one.checkVisibility()) continue
    if (box.right > edge) found.push(`${name} to ${Math.round(box.right)}`)
    else if (one.matches('.table-wrap') && one.scrollWidth > one.clientWidth + 1)
      found.push(`${name} hides ${one.scrollWidth - one.clientWidth}`)
  }
  return found.slice(0, 3)
}"""

# The height of a page, and what is wider, in one question: each costs the browser a look at its whole layout. What a
# phone folds away as it loads a page, a desk shows.
MEASURE = f"""width => {{
  if (width > 800) document.querySelectorAll('details.fold').forEach(one => one.open = true)
  return [document.documentElement.scrollHeight, ({WIDER})()]
}}"""

# Words that go on in the next line in their middle. What is an id or an address in the browser's line breaks anywhere.
TORN = """() => {
  const texts = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT), found = []
  const range = document.createRange()
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    if (!text.parentElement.checkVisibility() || text.parentElement.closest('code, script, option')) continue
    for (const word of text.data.matchAll(/[\\p{L}.]{3,}/gu)) {
      range.setStart(text, word.index)
      range.setEnd(text, word.index + word[0].length)
      if (new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1) found.push(word[0])
    }
  }
  return found
}"""


def addresses(app, ids):
    """Endpoint and address of every page there is."""
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or NO_PAGES.fullmatch(rule.endpoint):
            continue
        for names in OTHERS.get(rule.endpoint, ({},)):
            path = _address(rule, {**_arguments(ids), **{name: ids[other] for name, other in names.items()}})
            yield rule.endpoint, path + NEEDS.get(rule.endpoint, "").format(**ids)
            for query in QUERIES.get(rule.endpoint, ()):
                yield rule.endpoint, path + query.format(**ids)


def _arguments(ids):
    names = ("tenant", "policy", "snapshot", "run", "backup_set", "restore", "item", "user", "schedule", "change",
             "channel", "rule", "request", "import", "document", "rehearsal", "store", "key", "standard", "rollout",
             "exception")  # fmt: skip
    others = {
        "other_id": ids["other_snapshot"],
        "directory_id": ids["directory"],
        "export_type": "csv",
        "name": "gone",
        "token": ids["token"],
        "version_number": 2,
        "position": 1,
    }
    return {f"{name}_id": ids[name] for name in names} | others


def _address(rule, values):
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), rule.rule)


def _screen(width):
    return {"width": width, "height": 900}


@pytest.fixture
def every_page(app, sign_in, _password_hash):
    """Address -> endpoint, and the page that is shown to the admin; downloads are no pages."""
    ids = large_installation.fill(_password_hash)
    client = sign_in(FlaskClient(app, app.response_class), User.get(User.site_role == SiteRole.ADMIN))
    found = {}
    for endpoint, path in addresses(app, ids):
        answer = client.get(path)
        assert answer.status_code in (200, 302, 303), f"{path} is {answer.status_code}"
        if answer.status_code == 200 and answer.mimetype == "text/html":
            assert len(answer.data) < MOST_BYTES, f"{path} has {len(answer.data)} bytes"
            found[path] = endpoint, answer
            continue
        answer.close()
    return found


@pytest.fixture
def kept():
    """Address -> the answer that is given again; the application makes what is not among them."""
    return {}


@pytest.fixture
def site(app, kept):
    """The address of the application, served from this process. Pages that are kept need not be made again."""

    def answer(environ, start_response):
        found = kept.get(address_asked(environ))
        if found is None:
            return app(environ, start_response)
        start_response(found.status, list(found.headers))
        return [found.data]

    with served(answer) as address:
        yield address


def address_asked(environ):
    query = environ["QUERY_STRING"]
    return environ["PATH_INFO"] + (f"?{query}" if query else "")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_page_is_endless_or_wider_than_the_screen(every_page, kept, enter, new_page, caplog):
    caplog.set_level(logging.WARNING, logger="werkzeug")  # else each request is a line among the figures
    too_large, lines = {}, ["", "width  height  page"]
    page = new_page(viewport=_screen(390), reduced_motion="reduce")
    page.set_default_timeout(180_000)
    enter(page, User.get(User.site_role == SiteRole.ADMIN))
    begin = page.url.rstrip("/")
    kept.update({path: answer for path, (_endpoint, answer) in every_page.items()})
    for path, (endpoint, _answer) in every_page.items():
        page.set_viewport_size(_screen(min(SCREENS)))
        page.goto(begin + path)
        for width, most in SCREENS.items():
            page.set_viewport_size(_screen(width))
            height, found = page.evaluate(MEASURE, width)
            wider = "; ".join(found)
            lines.append(f"{width:5} {height:7}  {path}{f' is too wide: {wider}' if wider else ''}")
            if height > most or wider:
                too_large.setdefault(endpoint, []).append(lines[-1])
    print("\n".join(lines))
    wrong = [line for endpoint, ones in too_large.items() if endpoint not in TOO_LARGE for line in ones]
    assert not wrong, "\n".join(wrong)
    measured = {endpoint for endpoint, _answer in every_page.values()}
    assert not [endpoint for endpoint in TOO_LARGE if endpoint in measured and endpoint not in too_large], "short now"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_acts_of_a_row_are_not_cut_off_on_a_phone_in_german(enter, new_page, site, cast):
    schedules.add(cast.contoso, "0 2 * * *", "Europe/Berlin", SYSTEM)
    page = new_page(viewport=_screen(390), locale="de-DE")
    enter(page, cast.root)
    page.goto(f"{site}/schedules/")
    for acts in page.locator(".row-acts > *").all():
        assert acts.evaluate(IS_INSIDE), acts.inner_text()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_lists_hide_nothing_and_tear_no_word_at_a_small_desk_in_german(enter, new_page, site, cast, captured):
    Tenant.update(name="Contoso Gesundheit und Pflege").where(Tenant.id == cast.contoso.id).execute()
    schedules.add(cast.contoso, "0 2 * * *", "Europe/Berlin", SYSTEM)
    Tenant.update(last_synced_at=utcnow()).execute()
    for name in ("tom.fischer@contoso-health.example", "anna.berg@contoso-health.example"):
        record_event(captured[0][0], name)
    record_change(captured[0][0], state=ChangeState.RECORDED)
    add_copied_set(cast.contoso)
    page = new_page(viewport=_screen(1280), locale="de-DE")
    enter(page, cast.root)
    for path in ("/", "/changes/", "/copies/"):
        page.goto(site + path)
        assert (page.evaluate(WIDER), page.evaluate(TORN)) == ([], []), path


def add_copied_set(tenant):
    """A store that has and says all that one may: a proven lock, a sample that was read, a copy."""
    now = utcnow()
    store = CopyStore.create(name="Tresor der Zentrale", address="s3://tresor", sealed=b"", recipients=[], copy_days=90,
                             lock_state=LockState.PROVEN, checked_at=now, verified_at=now)  # fmt: skip
    CopiedSet.create(store=store, tenant=tenant, directory_id=tenant.directory_id, tenant_name=tenant.name,
                     set_number=1, set_at=now, copied_at=now, state=CopyState.COMPLETE)  # fmt: skip
