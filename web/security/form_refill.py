"""A page's form, filled in as somebody had typed it: the page's own HTML, with other values in its fields."""

import html
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

# Our own pages are well formed: values stand in double quotes, and text has no `<`.
_TAG = re.compile(r'(</?[a-zA-Z][\w-]*(?:"[^"]*"|[^">])*>)')
_NAME = re.compile(r"</?([a-zA-Z][\w-]*)")
_ATTRIBUTE = re.compile(r'\s([\w-]+)(?:="([^"]*)")?')
_FIELDS = frozenset({"input", "select", "textarea"})
# Its own values are the page's, or must be given anew.
_LEFT_ALONE = frozenset({"hidden", "password", "file", "submit", "button"})
# So that the script does not put a fresh part of the page over it.
_MARK = " data-kept"


class Refilled(NamedTuple):
    """`filled`: how many fields that changed. `has_visible`: the form has something to type or to choose, no button
    alone.
    """

    page: str
    filled: int
    has_visible: bool


@dataclass
class _Form:
    begin: int
    end: int
    path: str
    hidden: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    has_visible: bool = False


def refill(page: str, path: str, fields: Sequence[tuple[str, str]], own_path: str, note: str = "") -> Refilled | None:
    """Return the page with the form that is sent to `path` filled in.

    `note` is HTML that the form begins with from then on. None where the page has no such form any more.
    """
    pieces = _TAG.split(page)
    forms = [form for form in _find_forms(pieces, own_path) if form.path == path]
    if not forms:
        return None
    values: dict[str, list[str]] = defaultdict(list)
    for name, value in fields:
        values[name].append(value)
    # Of several that are sent to the same address: the one with the same hidden values, and with the fields sent.
    chosen = max(
        forms,
        key=lambda form: (
            sum(values.get(name) == [value] for name, value in form.hidden.items()),
            len(values.keys() & form.names),
        ),
    )
    return _Filling(pieces, chosen, values).fill(note)


def _attributes(tag: str) -> dict[str, str]:
    return {name.lower(): html.unescape(value) for name, value in _ATTRIBUTE.findall(tag)}


def _find_forms(pieces: list[str], own_path: str) -> list[_Form]:
    forms: list[_Form] = []
    for place in range(1, len(pieces), 2):
        tag = pieces[place]
        name = _tag_name(tag)
        if name == "form" and not tag.startswith("</"):
            given = _attributes(tag)
            is_post = given.get("method", "").lower() == "post"
            forms.append(_Form(place, len(pieces), urlsplit(given.get("action") or own_path).path if is_post else ""))
        elif name == "form" and forms:
            forms[-1].end = place
        elif name in _FIELDS and forms and forms[-1].end == len(pieces):
            given = _attributes(tag)
            forms[-1].names.add(given.get("name", ""))
            if given.get("type") == "hidden":
                forms[-1].hidden[given.get("name", "")] = given.get("value", "")
            elif given.get("type") not in ("submit", "button"):
                forms[-1].has_visible = True
    return forms


def _tag_name(tag: str) -> str:
    found = _NAME.match(tag)
    return found[1].lower() if found else ""


class _Filling:
    """The walk through one form's tags."""

    def __init__(self, pieces: list[str], form: _Form, values: dict[str, list[str]]) -> None:
        self._pieces, self._form, self._values = pieces, form, values
        self._folds: list[int] = []
        self._select: str | None = None
        self._filled = 0

    def fill(self, note: str) -> Refilled:
        for place in range(1, self._form.end, 2):
            tag = self._pieces[place]
            name = _tag_name(tag)
            if name == "details":
                self._fold(place, tag)
            elif place == self._form.begin:
                self._unfold()
            elif place > self._form.begin:
                self._fill_tag(place, tag, name)
        self._pieces[self._form.begin] += note
        return Refilled("".join(self._pieces), self._filled, self._form.has_visible)

    def _fold(self, place: int, tag: str) -> None:
        if tag.startswith("</"):
            self._folds = self._folds[:-1]
        else:
            self._folds.append(place)

    def _unfold(self) -> None:
        """Open what the place is folded in."""
        for place in self._folds:
            if "open" not in _attributes(self._pieces[place]):
                self._pieces[place] = f"{self._pieces[place][:-1].rstrip()} open>"

    def _fill_tag(self, place: int, tag: str, name: str) -> None:
        given = _attributes(tag)
        if name == "input" and given.get("name"):
            self._fill_input(place, given)
        elif name == "textarea" and not tag.startswith("</") and self._values.get(given.get("name", "")):
            self._change(place, tag)
            self._pieces[place + 1] = f"\n{html.escape(self._values[given['name']].pop(0))}"
        elif name == "select":
            self._select = None if tag.startswith("</") else given.get("name")
        elif name == "option" and self._select in self._values and not tag.startswith("</"):
            value = given.get("value", html.unescape(self._pieces[place + 1]).strip())
            self._set_flag(place, "selected", value in self._values[self._select])

    def _fill_input(self, place: int, given: dict[str, str]) -> None:
        kind, name = given.get("type", "text"), given["name"]
        if kind in _LEFT_ALONE:
            return
        if kind in ("checkbox", "radio"):
            self._set_flag(place, "checked", given.get("value", "on") in self._values.get(name, []))
        elif self._values.get(name):
            value = self._values[name].pop(0)
            if value != given.get("value", ""):
                tag = re.sub(r'\svalue="[^"]*"', "", self._pieces[place])
                self._change(place, f'{tag[:-1].rstrip("/ ")} value="{html.escape(value)}">')

    def _set_flag(self, place: int, flag: str, wanted: bool) -> None:
        tag = self._pieces[place]
        if (flag in _attributes(tag)) == wanted:
            return
        bare = re.sub(rf'\s{flag}(?:="[^"]*")?(?=[\s>/])', "", tag)
        self._change(place, f"{bare[:-1].rstrip('/ ')} {flag}>" if wanted else bare)

    def _change(self, place: int, tag: str) -> None:
        self._pieces[place] = f"{tag[:-1].rstrip('/ ')}{_MARK}>"
        self._filled += 1
        self._unfold()
