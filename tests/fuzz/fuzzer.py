"""Finds addresses and forms by itself, sends them hostile values, and looks at every answer.

What must hold: no exception and no 5xx, no answer that only a hang would make so slow, no way to another site, a
sentence in every refusal, and no element or attribute on any page that came from what was sent.
"""

import io
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import quote_from_bytes, urlsplit

from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.test import encode_multipart

from tests.fuzz import values
from tests.support.forms import Form, every_page
from tests.support.zip_uploads import zipped

SLOWEST_SECONDS = 20
# Something of every person's goes on existing only when it is put back now and then.
PUT_BACK_EVERY = 100
# With as many requests there is time for every value in every field.
THOROUGH = 2000
TYPED = {"text", "search", "email", "password", "date", "number"}
# The first of the people see what all the others left behind; of a short walk, the first alone.
MOST_SEEING = 2
# What an answer that escaped everything does not have; cheaper than reading each as a browser does.
PROBE = values.PROBE
SUSPECT = re.compile(rf"<\s*/?\s*{PROBE}|[\"']\s+(on)?{PROBE}|javascript:{PROBE}|{PROBE * 2}")
ARGUMENTS = ("page", "sort", "desc", "search", "tenant", "since", "until", "zone", "next", "show", "before", "also",
             "part", "outcome")  # fmt: skip
# By the last word of an endpoint; any other is a page or a form.
KINDS = {"index_view": "list", "export": "export", "download": "download", "upload": "upload", "action_view": "bulk"}


@dataclass(frozen=True)
class Target:
    person: str
    method: str
    path: str
    form: Form
    is_upload: bool = False


@dataclass
class Figures:
    kinds: Counter = field(default_factory=Counter)
    statuses: Counter = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    slowest: float = 0.0

    @property
    def requests(self) -> int:
        return sum(self.kinds.values())

    def lines(self) -> list[str]:
        return [
            f"{self.requests} requests, {len(self.violations)} violations, the slowest took {self.slowest:.1f} s",
            "of " + ", ".join(f"{kind}: {count}" for kind, count in sorted(self.kinds.items())),
            "answered " + ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items())),
            *self.violations,
        ]


class Fuzzer:
    """`enter(person)` answers a person's cookie and token, and makes them what they were."""

    def __init__(self, app, enter, people, seed) -> None:
        self.app, self.people, self.seed, self.figures = app, people, seed, Figures()
        self._enter, self._client, self._as = enter, app.test_client(use_cookies=False), {}
        self.put_back()
        self.targets = [target for person in people for target in self._targets_of(person)]
        self._uploads = [one for one in self.targets if one.is_upload]

    def put_back(self) -> None:
        self._as = {person: self._enter(person) for person in self.people}

    def run(self, count: int) -> Figures:
        is_thorough = count >= THOROUGH
        seeing = self.people[: MOST_SEEING if is_thorough else 1]
        for value in values.SHORT if is_thorough else values.SHORT[:1]:
            self.sweep(value, seeing)
        for number in range(count):
            if number % PUT_BACK_EVERY == PUT_BACK_EVERY - 1:
                self.put_back()
            self.one(number, random.Random(f"{self.seed} {number}"))
        self.put_back()
        for person in seeing:
            self.look_at_every_page(person)
        return self.figures

    # --- what there is -------------------------------------------------------------------------------------------

    def _targets_of(self, person: str) -> list[Target]:
        found = {}
        pages = every_page(lambda address: self._text_of(person, address))
        for path in (urlsplit(link).path for page in pages.values() for link in page.links):
            found["GET", path] = Target(person, "GET", path, Form(path, "GET"))
        for form in (form for page in pages.values() for form in page.forms):
            is_upload = any(one.kind == "file" for one in form.fields)
            target = Target(person, form.method, form.path, form, is_upload)
            found[form.method, form.path, *sorted({one.name for one in form.fields})] = target
        return [*found.values()]

    def _text_of(self, person: str, address: str) -> str | None:
        answer = self._client.get(address, headers={"Cookie": self._as[person][0]})
        return answer.get_data(as_text=True) if answer.mimetype == "text/html" else None

    # --- every field ---------------------------------------------------------------------------------------------

    def sweep(self, value: str, people: Sequence[str]) -> None:
        """Each form once, as the browser would send it but for this value in every field that is typed."""
        for target in self.targets:
            names = [one.name for one in target.form.fields if one.kind in TYPED]
            if names and target.person in people:
                cookie, token = self._as[target.person]
                sent = target.form.filled(dict.fromkeys(names, value) | {"csrf_token": token})
                data = "&".join(f"{quoted(name)}={quoted(one)}" for name, ones in sent.items() for one in ones)
                body = {"data": data, "content_type": "application/x-www-form-urlencoded"}
                options = {"method": target.method, **(body if target.method == "POST" else {"query_string": data})}
                self._send(f"{target.person} {target.method} {target.path} with {value[:60]!r} in {names}", target.path,
                           {"Cookie": cookie}, options)  # fmt: skip
        self.put_back()

    # --- one request ---------------------------------------------------------------------------------------------

    def one(self, number: int, chance: random.Random) -> None:
        target = chance.choice(self._uploads if chance.random() < 0.03 else self.targets)
        cookie, token = self._as[target.person]
        path = self._path(target, chance)
        options = {"method": target.method if chance.random() < 0.95 else chance.choice(["GET", "POST", "PUT", "HEAD"])}
        heads = {"Cookie": cookie, **self._heads(chance)}
        if options["method"] == "POST":
            options |= self._body(target, token, chance)
        elif target.form.fields or chance.random() < 0.7:
            options["query_string"] = self._query(target, chance)
        shown = {**options, **{name: value for name, value in heads.items() if value != cookie}}
        said = f"#{number} {target.person} {path} {shown!s:.600}"
        self._send(said, path, heads, options)

    def _path(self, target: Target, chance: random.Random) -> str:
        """Sometimes with another id in it, or something that is none."""
        parts = target.path.split("/")
        numbers = [place for place, part in enumerate(parts) if part[:1].isdigit()]
        if numbers and chance.random() < 0.2:
            parts[chance.choice(numbers)] = quoted(hostile(chance)[:3000])
        return "/".join(parts)

    def _heads(self, chance: random.Random) -> dict[str, str]:
        if chance.random() < 0.8:
            return {"Accept": "text/html"}
        return {name: chance.choice(choices) for name in chance.sample(sorted(values.HEADS), chance.randint(1, 3))
                for choices in [values.HEADS[name]]}  # fmt: skip

    def _query(self, target: Target, chance: random.Random) -> str:
        if chance.random() < 0.1:
            return chance.choice(values.RAW).decode()
        more = [(one, hostile(chance)) for one in chance.sample(ARGUMENTS, chance.randint(0, 3))]
        pairs = self._pairs(target, chance) + more
        return "&".join(f"{quoted(name)}={quoted(value)}" for name, value in pairs)

    def _pairs(self, target: Target, chance: random.Random) -> list[tuple[str | bytes, str | bytes]]:
        """The form as the browser sends it, with some fields otherwise, twice or not at all; and some of no form."""
        names = sorted({one.name for one in target.form.fields if one.kind != "file"} - {"csrf_token"})
        choices = {name: [one.value for one in target.form.of(name)] for name in names}
        sent = {name: [chance.choice(choices[name])] for name in names if chance.random() < 0.95}
        for name in chance.sample(names, min(len(names), chance.choice([0, 1, 1, 1, 2, 3]))):
            sent[name] = [hostile(chance) for _ in range(chance.choice([1, 1, 1, 2, 5]))]
        if chance.random() < 0.1:
            sent[chance.choice(["id", "_method", "", "a[b]", hostile(chance)])] = [hostile(chance)]
        return [(name, value) for name, inner in sent.items() for value in inner]

    def _body(self, target: Target, token: str, chance: random.Random) -> dict[str, object]:
        if chance.random() < 0.05:
            content_type, data = chance.choice(values.BODIES)
            return {"data": data, "content_type": content_type}
        pairs = self._pairs(target, chance)
        if chance.random() < 0.97:
            pairs.append(("csrf_token", token))
        if not target.is_upload and chance.random() < 0.9:
            body = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in pairs)
            return {"data": body, "content_type": "application/x-www-form-urlencoded"}
        return self._multipart(pairs, chance, target.is_upload)

    def _multipart(self, pairs, chance: random.Random, has_file: bool) -> dict[str, object]:
        data = MultiDict([(text(name) or "x", text(value)) for name, value in pairs])
        if has_file:
            data.add("file", FileStorage(io.BytesIO(damaged(chance)), text(hostile(chance))[:200] or "x.zip"))
        # Encoded here: the test client's own temporary file is never closed.
        boundary, body = encode_multipart(data)
        return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}

    def _send(self, said: str, path: str, heads: dict[str, str], options: dict[str, object]) -> None:
        begin = time.monotonic()
        try:
            answer = self._client.open(path, headers=heads, **options)
            body = answer.get_data()
        except Exception as e:  # noqa: BLE001 - whatever it is, it is what the fuzzer looks for
            self._wrong(said, f"raised {type(e).__name__}: {str(e)[:300]}")
            return
        took = time.monotonic() - begin
        self.figures.slowest = max(self.figures.slowest, took)
        self.figures.kinds[self._kind(path, str(options["method"]))] += 1
        self.figures.statuses[answer.status_code] += 1
        for problem in problems(answer, body, took, heads.get("Host")):
            self._wrong(said, problem)
        if answer.status_code in (302, 303) and not urlsplit(answer.location).netloc:
            # Where it leads to shows what was stored a moment ago, before another request changes it.
            self._send(f"{said}, then", answer.location, {"Cookie": heads["Cookie"]}, {"method": "GET"})

    def _kind(self, path: str, method: str) -> str:
        try:
            endpoint, _ = self.app.url_map.bind("localhost").match(path, method)
        except HTTPException:
            return "no route"
        name = endpoint.rpartition(".")[2]
        return KINDS.get(name, "page" if method in ("GET", "HEAD") else "form")

    def _wrong(self, said: str, problem: str) -> None:
        self.figures.violations.append(f"{problem}\n    in {said}")

    # --- afterwards ----------------------------------------------------------------------------------------------

    def look_at_every_page(self, person: str) -> None:
        """Nothing that was stored is an element or an attribute of any page, however it got there."""
        pages = []

        def get(address: str) -> str | None:
            answer = self._client.get(address, headers={"Cookie": self._as[person][0]})
            if answer.status_code >= 500:
                self._wrong(f"{person} GET {address}", f"answered {answer.status_code} afterwards")
            if answer.mimetype != "text/html":
                return None
            pages.append(address)
            found = foreign_markup(answer.get_data(as_text=True))
            if found:
                self._wrong(f"{person} GET {address}", f"stored markup: {found}")
            return answer.get_data(as_text=True)

        every_page(get)
        self.figures.kinds["looked at afterwards"] += len(pages)


def problems(answer, body: bytes, took: float, host: str | None):
    if answer.status_code >= 500:
        yield f"answered {answer.status_code}"
    if took > SLOWEST_SECONDS:
        yield f"took {took:.0f} s"
    where = urlsplit(answer.headers.get("Location", "/"))
    # Where only a slash is missing, the whole address comes back, with the host that was asked for.
    if where.netloc not in {"", "localhost", host} or not where.path.startswith("/") or where.path.startswith("//"):
        yield f"leads to {where.geturl()[:100]}"
    if "fuzz" in str(answer.headers.getlist("Set-Cookie")):
        yield "sets a cookie that was sent"
    if answer.mimetype == "text/html" and SUSPECT.search(body.decode()):
        found = foreign_markup(body.decode())
        if found:
            yield f"markup: {found}"
    if answer.status_code >= 400 and answer.request.method != "HEAD" and not sentence(answer, body):
        yield f"{answer.status_code} without a sentence"


def sentence(answer, body: bytes) -> bool:
    if answer.mimetype == "application/json":
        return b"advice" in body
    if answer.mimetype == "text/plain":
        return body.endswith(b".\n")
    return b"<h1>" in body or b'class="alert' in body


class _Strange(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attributes):
        names = [tag, *(name for name, _ in attributes)]
        self.found += [one for one in names if values.PROBE in one]
        links = [value or "" for name, value in attributes if name in ("href", "src", "action")]
        self.found += [one for one in links if one.strip().lower().startswith("javascript:")]

    def handle_data(self, data):
        self.found += [data] if values.PROBE * 2 in data else []


def foreign_markup(page: str) -> list[str]:
    strange = _Strange()
    strange.feed(page)
    strange.close()
    return strange.found


def hostile(chance: random.Random) -> str | bytes:
    if chance.random() < 0.9:
        return chance.choice(values.MARKUP if chance.random() < 0.2 else values.ALL)
    ranges = ((0, 0x80), (0, 0x3000), (0x1F000, 0x1FA00))
    return "".join(chr(chance.randrange(*chance.choice(ranges))) for _ in range(chance.randint(1, 30)))


def quoted(value: str | bytes) -> str:
    data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
    return quote_from_bytes(data, safe="")


def text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def damaged(chance: random.Random) -> bytes:
    """A good upload, or one with some bytes otherwise, cut short, or nothing of the sort."""
    data = bytearray(zipped())
    for _ in range(chance.choice([0, 1, 3, 50])):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data[: chance.choice([len(data), len(data), chance.randrange(len(data)), 0])])
