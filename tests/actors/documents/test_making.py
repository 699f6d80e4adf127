"""Whole documents: each format of one tenant, hostile policies in all four, and the run that makes them."""

import csv
import io
import xml.etree.ElementTree as ET
import zipfile
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from actors.documents import making
from actors.documents.options import DocumentOptions
from db.audit.audit import SYSTEM
from db.documents import documents, provider
from db.models import DocumentChunk, PolicyDocument, Run
from db.runs.completion import request_cancel
from db.states import DocumentFormat, RunState
from tests.support.documents import GROUP, HOSTILE, assigned_to, captured_policies, keep_set, png, text_of, written

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

OWN_TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "div", "h1", "h2", "h3", "h4", "p", "dl", "dt", "dd",
    "nav", "ul", "li", "a", "table", "caption", "thead", "tbody", "tr", "th", "td", "span", "img",
}  # fmt: skip
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


class Elements(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture
def hostile(cast):
    """Contoso, whose every text is hostile."""
    body = {
        "name": HOSTILE, "description": HOSTILE, HOSTILE: HOSTILE, "notSet": None,
        "settings": [{"settingInstance": {"settingDefinitionId": HOSTILE, "simpleSettingValue": {"value": HOSTILE}}}],
        "omaSettings": [{"displayName": HOSTILE, "omaUri": HOSTILE, "value": HOSTILE}],
    }  # fmt: skip
    assignments = [assigned_to() | {"intent": HOSTILE}]
    before = captured_policies(cast.contoso, body, assignments=assignments, groups={GROUP: HOSTILE})
    after = captured_policies(cast.contoso, {**body, HOSTILE: f"{HOSTILE}!"}, groups={GROUP: HOSTILE})
    problems = [
        {"policy_type": "configurationPolicies", "policy": None, "name": HOSTILE, "reason": "x", "message": HOSTILE}
    ]
    first, second = keep_set(cast.contoso, before, problems=problems), keep_set(cast.contoso, after)
    with_name = {"name": HOSTILE}
    provider.save("Example & <b>IT</b>", png(40, 20), SYSTEM)
    type(cast.contoso).update(**with_name).where(type(cast.contoso).id == cast.contoso.id).execute()
    cast.contoso.name = HOSTILE
    return cast.contoso, [{"backup_set": first.id}, {"backup_set": first.id, "other_set": second.id}]


def test_hostile_policies_stay_text_in_html(hostile):
    tenant, subjects = hostile
    for subject in subjects:
        page = Elements()
        page.feed(written(tenant, DocumentFormat.HTML, **subject).decode())
        assert {tag for tag, _ in page.seen} <= OWN_TAGS
        assert not [name for _, attributes in page.seen for name in attributes if name.startswith("on")]
        assert all(attributes["href"].startswith("#") for tag, attributes in page.seen if tag == "a")
        assert all(attributes["src"].startswith("data:image/png;") for tag, attributes in page.seen if tag == "img")
        text = "".join(page.text)
        assert "<script>alert(1)</script>" in text
        assert not {"\x00", "\x07", "\ud800", "\u202e"} & set(text)
        assert len({attributes["id"] for _, attributes in page.seen if "id" in attributes}) == len(
            [1 for _, attributes in page.seen if "id" in attributes]
        )


def test_hostile_policies_stay_text_in_markdown(hostile):
    tenant, subjects = hostile
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for subject in subjects:
        tokens = markdown.parse(written(tenant, DocumentFormat.MARKDOWN, **subject).decode())
        inner = [token for outer in tokens for token in (outer, *(outer.children or ()))]
        html = {token.content.strip() for token in inner if token.type in ("html_inline", "html_block")}
        assert {part for part in html if not part.startswith('<a id="')} <= {"<br>", "</a>"}
        links = [token.attrs["href"] for token in inner if token.type == "link_open"]
        assert links
        assert all(link.startswith("#") for link in links)
        kinds = {token.type for token in inner}
        assert not kinds & {
            "image",
            "fence",
            "code_block",
            "code_inline",
            "hr",
            "em_open",
            "s_open",
            "ordered_list_open",
        }
        text = "".join(token.content for token in inner if token.type == "text")
        assert "<script>alert(1)</script>" in text
        assert "https://evil" not in written(tenant, DocumentFormat.MARKDOWN, **subject).decode(), "GitHub makes links"


def test_hostile_policies_run_nothing_in_a_spreadsheet(hostile):
    tenant, subjects = hostile
    for subject in subjects:
        rows = list(csv.reader(io.StringIO(written(tenant, DocumentFormat.CSV, **subject).decode("utf-8-sig"))))
        assert len({len(row) for row in rows}) == 1
        cells = [cell for row in rows for cell in row]
        assert any("HYPERLINK" in cell for cell in cells)
        assert not [cell for cell in cells if cell.lstrip()[:1] in tuple("=+-@") or cell[:1] in tuple("\t\r\n")]


def test_hostile_policies_are_whole_xml_in_docx(hostile):
    tenant, subjects = hostile
    for subject in subjects:
        with zipfile.ZipFile(io.BytesIO(written(tenant, DocumentFormat.DOCX, **subject))) as file:
            assert file.testzip() is None
            parts = {name: file.read(name) for name in file.namelist()}
        texts = {name: part for name, part in parts.items() if name.endswith((".xml", ".rels"))}
        trees = {name: ET.fromstring(part) for name, part in texts.items()}  # noqa: S314 - we made them
        body = trees["word/document.xml"]
        text = "".join(run.text or "" for run in body.iter(f"{W}t"))
        assert "<script>alert(1)</script>" in text
        assert "]]> </w:t></w:r>" in text
        known = {style.get(f"{W}styleId") for style in trees["word/styles.xml"].iter(f"{W}style")}
        assert {style.get(f"{W}val") for style in body.iter(f"{W}pStyle")} <= known
        anchors = {mark.get(f"{W}name") for mark in body.iter(f"{W}bookmarkStart")}
        assert {link.get(f"{W}anchor") for link in body.iter(f"{W}hyperlink")} <= anchors
        assert len(list(body.iter(f"{W}tblHeader"))) == len(list(body.iter(f"{W}tbl"))) > 0
        kinds = [mark.get(f"{W}fldCharType") for mark in body.iter(f"{W}fldChar")]
        assert kinds == ["begin", "separate", "end"]
        assert parts["word/media/logo.png"] == png(40, 20)


def test_a_document_is_made_by_its_run_and_sealed(cast, redis_url):
    captured_policies(cast.contoso, {"name": "Wi-Fi", "password": "hush~1", "settings": []})
    started = making.start(cast.contoso, DocumentOptions(), SYSTEM)
    making.make(started.run.id)
    run = Run.get_by_id(started.run.id)
    assert (run.state, run.error_message, run.done) == (RunState.SUCCEEDED, None, 1)
    made = documents.find_of_run(run)
    page = b"".join(documents.read_chunks(made))
    assert (made.size, made.policies, made.format) == (len(page), 1, "html")
    assert b"Contoso policy 1" in page
    assert b"hush~1" not in page
    assert "(masked)" in page.decode()
    assert not any(b"Contoso" in bytes(chunk.sealed) for chunk in DocumentChunk.select())


def test_asking_twice_makes_one_and_what_is_gone_is_said(cast, redis_url):
    [snapshot] = captured_policies(cast.contoso, {"name": "Ring", "settings": []})
    first = making.start(cast.contoso, DocumentOptions(policy=snapshot.policy_id), SYSTEM)
    again = making.start(cast.contoso, DocumentOptions(policy=snapshot.policy_id), SYSTEM)
    other = making.start(cast.contoso, DocumentOptions(policy=snapshot.policy_id, language="de"), SYSTEM)
    assert (again.run, again.is_new, other.is_new) == (first.run, False, True)
    assert [row.title for row in PolicyDocument.select().order_by(PolicyDocument.id)] == [
        "Contoso: Policy “Contoso policy 1”", "Contoso: Richtlinie „Contoso policy 1“",
    ]  # fmt: skip
    request_cancel(other.run, SYSTEM)
    kept = keep_set(cast.contoso, [snapshot])
    lost = making.start(cast.contoso, DocumentOptions(backup_set=kept.id), SYSTEM)
    kept.delete_instance()
    making.make(lost.run.id)
    ended_run = Run.get_by_id(lost.run.id)
    assert (ended_run.state, ended_run.error_message) == (
        RunState.FAILED, f"Backup set {kept.id} is no longer here.",
    )  # fmt: skip


def test_days_stand_for_the_last_whole_backups_of_them(cast):
    from datetime import date, datetime

    sets = [
        keep_set(cast.contoso, captured_policies(cast.contoso, {"name": "Ring", "settings": [], "n": number}))
        for number in range(2)
    ]
    for kept, day in zip(sets, (1, 8), strict=True):
        type(kept).update(completed_at=datetime(2026, 11, day, 3)).where(type(kept).id == kept.id).execute()
    assert making.sets_of_days(cast.contoso, date(2026, 11, 7), date(2026, 11, 8)) == (sets[0].id, sets[1].id)
    for first, last, why in ((date(2026, 10, 1), date(2026, 11, 9), "no whole backup"),
                             (date(2026, 11, 2), date(2026, 11, 3), "the same one")):  # fmt: skip
        with pytest.raises(making.Invalid, match=why):
            making.sets_of_days(cast.contoso, first, last)
    assert "| N | 0 | 1 |" in text_of(cast.contoso, backup_set=sets[0].id, other_set=sets[1].id)
