"""Pages as a browser finds them: their links, and their forms as it would send them. What is new is found by itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit


@dataclass(frozen=True)
class Field:
    """One thing that a form may send. Of several of one name the browser sends those that are chosen."""

    name: str
    value: str
    # "hidden", "text", "checkbox", "radio", "option", "file", "button", …: as the page has it.
    kind: str
    is_chosen: bool = True


@dataclass
class Form:
    path: str
    method: str
    fields: list[Field] = field(default_factory=list)

    @property
    def buttons(self) -> list[Field]:
        return [one for one in self.fields if one.kind == "button"]

    def of(self, name: str) -> list[Field]:
        return [one for one in self.fields if one.name == name]

    def filled(self, changes: Mapping[str, object]) -> dict[str, list[str]]:
        """Return the fields that the browser sends, with the named ones changed."""
        sent: dict[str, list[str]] = {}
        for one in self.fields:
            if one.is_chosen and one.kind not in ("file", "button"):
                sent.setdefault(one.name, []).append(one.value)
        return sent | {name: value if isinstance(value, list) else [value] for name, value in changes.items()}


@dataclass
class Page:
    forms: list[Form] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


class _Finder(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.page = Page()
        self._path = path
        self._form: Form | None = None
        self._select = ""
        # Of a textarea, and of an option without a value: the text is what is sent.
        self._text: tuple[Field, list[str]] | None = None

    def handle_starttag(self, tag, attributes):
        given = {name: value or "" for name, value in attributes}
        if tag == "a" and given.get("href", "").startswith("/"):
            self.page.links.append(given["href"])
        elif tag == "form":
            path = urlsplit(urljoin(self._path, given.get("action") or self._path)).path
            self._form = Form(path, given.get("method", "get").upper())
            self.page.forms.append(self._form)
        elif self._form is not None:
            self._find_field(tag, given)

    def _find_field(self, tag, given):
        name = given.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "textarea":
            self._text = (Field(name, "", "text"), [])
        elif tag == "option" and "value" in given:
            self._add(self._select, given["value"], "option", "selected" in given)
        elif tag == "option":
            self._text = (Field(self._select, "", "option", "selected" in given), [])
        elif tag in ("input", "button") and name and "disabled" not in given:
            kind = "button" if tag == "button" else given.get("type", "text")
            is_choice = kind in ("checkbox", "radio")
            self._add(name, given.get("value", "on" if is_choice else ""), kind, not is_choice or "checked" in given)

    def _add(self, *values):
        self._form.fields.append(Field(*values))

    def handle_data(self, data):
        if self._text:
            self._text[1].append(data)

    def handle_endtag(self, tag):
        if self._text and tag in ("option", "textarea"):
            found, texts = self._text
            self._add(found.name, "".join(texts).strip(), found.kind, found.is_chosen)
            self._text = None
        elif tag == "select":
            self._select = ""
        elif tag == "form":
            self._form = None


def page_of(text: str, path: str) -> Page:
    """The forms of a page, and the addresses of ours that it links to."""
    finder = _Finder(path)
    finder.feed(text)
    finder.close()
    return finder.page


def every_page(get: Callable[[str], str | None], begin: str = "/") -> dict[str, Page]:
    """Address -> page, of all that links lead to from one. One page stands for those that differ in values alone.

    `get` answers the text of a page; None where there is none.
    """
    found: dict[str, Page] = {}
    seen, waiting = set(), [begin]
    while waiting:
        address = waiting.pop(0)
        if _alike(address) not in seen:
            seen.add(_alike(address))
            text = get(address)
            if text is not None:
                found[address] = page_of(text, urlsplit(address).path)
                waiting += found[address].links
    return found


def _alike(address: str) -> tuple[str, tuple[str, ...]]:
    parts = urlsplit(address)
    return parts.path, tuple(sorted(parse_qs(parts.query, keep_blank_values=True)))


def csrf_token(client, path):
    """The token of the first form on a page."""
    page = client.get(path).get_data(as_text=True)
    return page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
