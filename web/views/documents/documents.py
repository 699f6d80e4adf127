"""`/documents/`: the list, the form that asks for one, and its download. No page makes a document: a run does."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, stream_with_context, url_for
from flask_admin import Admin
from flask_babel import gettext
from markupsafe import Markup

from actors.documents import making
from actors.documents.options import DocumentOptions
from db.backups import disclosures
from db.documents import documents
from db.errors import Invalid
from db.models import PolicyDocument, Run
from db.runs import runs
from db.states import ACTIVE, DocumentFormat
from web.lists import filters
from web.lists.cells import ago_cell, cell, person_cell, tenant_cell
from web.lists.filters import Filter
from web.lists.list_view import ListView, with_connection
from web.presentation import run_messages
from web.presentation.backup_zip import safe_file_name
from web.presentation.formatters import file_size
from web.presentation.links import link
from web.security.access import current_actor, fetch, requires
from web.security.permissions import Permission
from web.translation.sentences import translated
from web.verdicts import verdicts
from web.views.documents.document_form import FORMATS, DocumentForm, asked_form, chosen_options, names_a_subject

pages = Blueprint("documents", __name__, url_prefix="/documents")

MEDIA_TYPES = {
    DocumentFormat.HTML: "text/html; charset=utf-8",
    DocumentFormat.MARKDOWN: "text/markdown; charset=utf-8",
    DocumentFormat.CSV: "text/csv; charset=utf-8",
    DocumentFormat.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def _name(document: PolicyDocument) -> Markup:
    return link("documents.page", document.title, document_id=document.id)


def _size(document: PolicyDocument) -> str:
    return file_size(document.size) if document.size is not None else ""


class DocumentListView(ListView):
    list_template = "documents/list.html"
    related = (PolicyDocument.tenant, PolicyDocument.requested_by)
    column_list = ("title", "tenant", "format", "policies", "size", "created_at", "requested_by")
    column_labels: ClassVar = {
        "title": "Document",
        "format": "Format",
        "policies": "Policies",
        "size": "Size",
        "created_at": "Asked for",
        "requested_by": "By",
    }
    search_hint = "A document's number"
    nothing_yet = "There is no document yet. “Make a document” on a tenant's page makes one."
    day_field = PolicyDocument.created_at
    column_sortable_list = ()
    column_formatters: ClassVar = {
        "title": cell(_name),
        "tenant": tenant_cell,
        "format": cell(lambda document: translated(FORMATS[DocumentFormat(document.format)])),
        "policies": cell(lambda document: "" if document.policies is None else document.policies),
        "size": cell(_size),
        "created_at": ago_cell,
        "requested_by": person_cell("from the command line"),
    }
    filters: ClassVar[tuple[Filter, ...]] = (filters.person_filter(PolicyDocument.requested_by),)
    export_columns = ("id", "tenant", "title", "format", "policies", "size", "created_at", "made_at")


def register(admin: Admin) -> None:
    admin.add_view(DocumentListView(PolicyDocument, name="Documents", endpoint="document_list", url="/documents"))


@pages.get("/new")
@requires(Permission.SEE)
def new() -> Any:
    if not names_a_subject(request.args):
        flash(gettext("Press “Make a document” on the page of what it should be of: a tenant, a backup set, a policy."))
        return redirect(url_for("document_list.index_view"), 303)
    return _form(asked_form(request.args))


def _form(form: DocumentForm) -> str:
    return render_template("documents/new.html", form=form)


@pages.post("/new")
@requires(Permission.SEE)
def make() -> Any:
    """Start the run that makes a document; what cannot be made is said above the form as it was typed."""
    form = asked_form(request.form)
    try:
        started = making.start(form.tenant, chosen_options(form), current_actor())
    except Invalid as e:
        flash(str(e), "danger")
        return _form(form), 400
    document = documents.find_of_run(started.run)
    address = url_for("documents.page", document_id=document.id) if document else url_for("document_list.index_view")
    return run_messages.answer_start(started, address)


@dataclass(frozen=True)
class DocumentPage:
    document: PolicyDocument

    @property
    def format(self) -> str:
        return FORMATS[DocumentFormat(self.document.format)]

    @cached_property
    def run(self) -> Run | None:
        return runs.find_run(self.document.run_id) if self.document.run_id else None

    @property
    def is_made(self) -> bool:
        return self.document.made_at is not None

    @property
    def is_moving(self) -> bool:
        return self.run is not None and self.run.state in ACTIVE

    @property
    def badge(self) -> Markup | str:
        return verdicts.run_badge(self.run) if self.run and not self.is_made else ""

    @property
    def again(self) -> str:
        """The form with the wishes of this document."""
        wishes = DocumentOptions.of_json(self.document.options)
        return url_for(
            "documents.new",
            tenant=self.document.tenant_id,
            backup_set=wishes.backup_set,
            other_set=wishes.other_set,
            policy=wishes.policy,
            at=wishes.at,
            policy_import=wishes.policy_import,
            standard=wishes.standard,
            type=list(wishes.types) or None,
            format=wishes.format,
            language=wishes.language,
            changed_since=wishes.changed_since,
            only_assigned="yes" if wishes.only_assigned else None,
            without_ids=None if wishes.with_ids else "yes",
        )


@pages.get("/<document_id>")
@requires(Permission.SEE)
def page(document_id: str) -> str:
    document = fetch(PolicyDocument, document_id, Permission.SEE)
    return render_template("documents/page.html", page=DocumentPage(document))


@pages.get("/<document_id>/download")
@requires(Permission.SEE)
def download(document_id: str) -> Response:
    document = fetch(PolicyDocument, document_id, Permission.SEE)
    if document.made_at is None:
        abort(404)
    disclosures.record_document(document, current_actor())
    name = safe_file_name(document.title).encode("ascii", "replace").decode().replace("?", "_")
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{document.format}"',
        "Content-Length": str(document.size),
    }
    media_type = MEDIA_TYPES[DocumentFormat(document.format)]
    chunks = stream_with_context(with_connection(documents.read_chunks(document)))
    return Response(chunks, content_type=media_type, headers=headers)
