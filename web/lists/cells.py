"""Cells of lists: how one column of a row reads. Flask-Admin calls each with (view, context, row, column name).

A list maps its columns to these: `"created_at": moment_cell`. Where a row itself says what to show, `cell` wraps it.
"""

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from web.presentation.formatters import datetime_html, time_ago_html
from web.presentation.links import link, name_link
from web.translation.sentences import translated

Cell = Callable[[Any, Any, Any, str], object]


def cell(show: Callable[[Any], object]) -> Cell:
    """Return a cell that shows what `show` makes of the row."""
    return lambda view, context, row, name: show(row)


def name_cell(view: Any, context: Any, row: Any, name: str) -> Markup:
    """Show a link to a run, restore or backup set by its name, and its number: the list has looked its name up."""
    return name_link(row.called)


def person_cell(otherwise: str) -> Cell:
    """Return a cell that names the person in the column, or says `otherwise` where it was nobody."""

    def show(view: Any, context: Any, row: Any, name: str) -> object:
        person = getattr(row, name)
        return person.name if person else translated(otherwise)

    return show


def moment_cell(view: Any, context: Any, row: Any, name: str) -> Markup:
    return datetime_html(getattr(row, name))


def ago_cell(view: Any, context: Any, row: Any, name: str) -> Markup:
    """Show how long ago it was; the title has the exact time."""
    return time_ago_html(getattr(row, name))


def tenant_cell(view: Any, context: Any, row: Any, name: str) -> Markup:
    return link("tenants.page", row.tenant.name, tenant_id=row.tenant_id)


def text_cell(view: Any, context: Any, row: Any, name: str) -> str:
    """Show the column's text; nothing where it is empty."""
    return getattr(row, name) or ""
