"""`make translations`: collect what pages say into web/translation/catalogs, and compile it.

What a template says is marked there: `{% trans %}`, `_()`, `count_text`. A sentence made in Python is found by what it
looks like, wherever a page could show it: Python is not marked, because what it makes is kept in English.
"""

import ast
import itertools
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

from actors.facade import policy_type_names
from db import states
from db.tenants import schedule_words
from graph.display import access_words, outline_groups
from graph.policy_types.object_labels import OBJECT_LABELS, object_label
from graph.policy_types.table import POLICY_TYPES
from web.translation.languages import ENGLISH, LANGUAGES
from web.translation.sentences import CATALOGS, catalog_placeholders

ROOT = Path(__file__).parents[2]
# What these say goes to a terminal or a log, or is about Microsoft's tables and no page.
NO_PAGE = (
    # Programs are answered in English.
    "web/api",
    "web/commands",
    "web/demo",
    "web/doctor",
    "web/metrics",
    "web/serving",
    # Documents have catalogs of their own.
    "actors/document_sources",
    "actors/rehearsals/report",
    "actors/documents/comparison",
    "actors/documents/composing",
    "actors/documents/cover",
    "actors/documents/csv_writer",
    "actors/documents/docx_parts",
    "actors/documents/html_writer",
    "actors/documents/language",
    "actors/process",
    # What is written into a repository is in one language.
    "actors/copies/git/messages",
    "actors/copies/git/safe_names",
    # Messages are English; what a receiver answered is on a page.
    "actors/notices/authors",
    "actors/notices/sentences",
    "actors/notices/words",
    "graph/auth/setup_scripts",
    "graph/events",
    # Files for other tools are in English.
    "graph/leaving/export",
    "graph/leaving/graph_json",
    "graph/leaving/intune",
    "graph/leaving/terraform",
    "graph/simulator",
    "graph/microsoft",
    "db/migrations",
    "db/schema",
)
_SENTENCE = re.compile(r"[A-Z“%].*[a-z]{2,}.* .*\w", re.DOTALL)
# Modules whose words in lower case stand on pages too: in badges, in chips, in parts between middle dots.
WORDY = (
    "web/change_words/",
    "web/lists/",
    "web/verdicts/",
    "web/presentation/chart.py",
    "web/presentation/formatters.py",
    "web/presentation/restore_text.py",
    "web/security/who_may.py",
    "web/views/backups/",
    "web/views/changes/",
    "web/views/documents/",
    "web/views/fleet/",
    "web/views/installation/audit_sentences.py",
    "web/views/notices/",
    "web/views/restores/",
    "web/views/tenants/",
    "db/names/",
    "db/backups/retention.py",
    "db/backups/nights.py",
    "db/tenants/credentials.py",
    "db/tenants/expiries.py",
    "actors/plans/plan_permissions.py",
    "actors/reading/graph_errors.py",
    "actors/rehearsals/",
    "actors/restores/outcomes.py",
    "actors/tenants/expiries.py",
    "graph/display/access_sentences.py",
    "graph/display/access_words.py",
    "graph/read/expiries.py",
)
_LOWER_CASE = re.compile(r"(?=.* )(%\(\w+\)s |: )?[a-z][a-z]+([ ,;’'-]+[\w%()-]+)*[.:]?")
_SUBJECT = re.compile(r"[a-z][a-z -]+ “?%\(\w+\)s.*")
# Kinds of work, beside their numbers; and the words of nights.
KINDS = ("run", "restore", "backup set", "snapshot", "backup", "missed", "restored", "undone")
# The sorts of pairs of a comparison, in one word.
PAIRS = ("differ", "differs")
_PLACEHOLDER = re.compile(r"%\(\w+\)s")
_TAG = re.compile(r"<[^>]*>")
_LABEL = re.compile(r"[A-Z][a-z]+(-[a-z]+)?")
_NO_SENTENCE = re.compile(r"^(SELECT|SET|INSERT|UPDATE|DELETE|CREATE|ALTER|WITH|DROP) |://|\$select|redis\.call|\\b|\|")

Message = str | tuple[str, str]


def messages(*, with_commands: bool = False) -> dict[Message, list[str]]:
    """Return every message with the files that say it; what commands print on a terminal is not translated."""
    found: dict[Message, list[str]] = {}
    commands = {"web/commands", "web/demo"} if with_commands else set()
    left_out = tuple(folder for folder in NO_PAGE if folder not in commands)
    for path, message in itertools.chain(_template_messages(), _python_messages(left_out), _words()):
        files = found.setdefault(message, [])
        if path not in files:
            files.append(path)
    return found


def _template_messages() -> Iterator[tuple[str, Message]]:
    options = {"**.html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}}
    for name, _line, message, _comments, _context in extract_from_dir(
        ROOT / "templates", [("**.html", "jinja2")], options, keywords={"_": None, "gettext": None, "ngettext": (1, 2)}
    ):
        yield f"templates/{name}", message
    environment = Environment(extensions=["jinja2.ext.i18n"])  # noqa: S701 - nothing is drawn
    for path in sorted((ROOT / "templates").rglob("*.html")):
        tree = environment.parse(path.read_text())
        for node in tree.find_all(nodes.Filter):
            if node.name == "count_text":
                yield str(path.relative_to(ROOT)), _counted(*(argument.as_const() for argument in node.args))


def _counted(noun: str, plural: str | None = None) -> tuple[str, str]:
    return f"%(num)s {noun}", f"%(num)s {plural or noun + 's'}"


def _python_messages(left_out: tuple[str, ...]) -> Iterator[tuple[str, Message]]:
    for name, source in _sources(left_out):
        found = python_sentences(source, name.startswith("web/"), name.startswith(WORDY))
        yield from ((name, message) for message in found)


def _sources(left_out: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield name and text of each of our modules whose sentences may stand on a page."""
    for room in ("graph", "db", "actors", "web"):
        for path in sorted((ROOT / room).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if not name.startswith(left_out):
                yield name, path.read_text()


def python_sentences(source: str, with_labels: bool, with_words: bool = False) -> Iterator[Message]:
    """Yield the texts of a module that read like a sentence, with placeholders; labels and words if asked."""
    tree = ast.parse(source)
    yield from _state_words(tree)
    yield from _audit_subjects(tree)
    skipped = {id(node) for node in _not_shown(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _marked(node)
        if id(node) in skipped:
            continue
        text = _text(node)
        if text and not _NO_SENTENCE.search(text) and _is_shown(text, with_labels, with_words):
            yield text


def chosen_words() -> Iterator[tuple[str, str, str]]:
    """Yield the file, the sentence, and the words of ours that one of its placeholders may hold: “is” or “are”."""
    for name, source in _sources(NO_PAGE):
        for function in ast.walk(ast.parse(source)):
            if isinstance(function, ast.FunctionDef):
                yield from ((name, text, word) for text, word in _chosen_in(function, name.startswith("web/")))


def _chosen_in(function: ast.FunctionDef, with_labels: bool) -> Iterator[tuple[str, str]]:
    skipped = {id(node) for node in _not_shown(ast.Module([function], []))}
    assigned: dict[str, list[ast.expr]] = defaultdict(list)
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                assigned[getattr(target, "id", "")].append(node.value)
    for node in ast.walk(function):
        text = _text(node) if isinstance(node, ast.JoinedStr) and id(node) not in skipped else None
        if text and not _NO_SENTENCE.search(text) and _is_shown(text, with_labels, False):
            for field in (part.value for part in node.values if isinstance(part, ast.FormattedValue)):
                for value in (field, *assigned[getattr(field, "id", "")]):
                    yield from ((text, word) for word in _alternatives(value) if re.search("[a-z]", word))


def _alternatives(value: ast.expr) -> Iterator[str]:
    """Yield the texts that an expression chooses among."""
    if isinstance(value, ast.IfExp):
        for branch in (value.body, value.orelse):
            if isinstance(branch, ast.Constant) and isinstance(branch.value, str):
                yield branch.value
            yield from _alternatives(branch)


# Tables whose values are words of a page, single ones too.
WORD_TABLES = ("STATES", "WAYS", "_CHANGED", "_CHANGED_OF_STORE")


def _state_words(tree: ast.Module) -> Iterator[str]:
    """Yield what a module calls states, ways to sign in, or what was changed, in a word or two: from its table."""
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if getattr(target, "id", "") in WORD_TABLES and isinstance(getattr(node, "value", None), ast.Dict):
            yield from (value.value for value in node.value.values if isinstance(value, ast.Constant))


def _audit_subjects(tree: ast.Module) -> Iterator[str]:
    """Yield what a module calls the subjects of audited acts, beside their numbers and names: “roll-out %(id)s”."""
    for node in ast.walk(tree):
        called = getattr(node, "func", None)
        name = getattr(called, "id", getattr(called, "attr", "")) or getattr(node, "name", None) or ""
        if name.strip("_").startswith(("record", "subject")):
            texts = (_text(inner) for inner in ast.walk(node) if isinstance(inner, ast.JoinedStr))
            yield from (text for text in texts if text and _SUBJECT.fullmatch(text))


def _is_shown(text: str, with_labels: bool, with_words: bool) -> bool:
    has_words = re.search(r"[A-Za-z]", _TAG.sub("", _PLACEHOLDER.sub("", text)))
    reads_so = _SENTENCE.match(text) or (with_labels and _LABEL.fullmatch(text))
    return bool(has_words and (reads_so or (with_words and _LOWER_CASE.fullmatch(text))))


def _marked(call: ast.Call) -> Iterator[Message]:
    """Yield what a call translates itself: `gettext`, `ngettext`, `count_text`, `translated`; a verdict's word."""
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    texts = [text for argument in call.args for text in _constants(argument)]
    if name == "gettext" and texts:
        yield texts[0]
    elif name == "ngettext" and len(texts) > 1:
        yield texts[0], texts[1]
    elif name == "count_text" and texts:
        yield _counted(*texts)
    elif name in {"translated", "translated_markup", "Verdict"} and texts:
        yield catalog_placeholders(texts[0])


def _constants(argument: ast.expr) -> Iterator[str]:
    """Yield the text that an argument is, or those that it chooses among: “title or "none"”."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value:
        yield argument.value
    choices = {ast.IfExp: ("body", "orelse"), ast.BoolOp: ("values",)}.get(type(argument), ())
    for choice in (getattr(argument, name) for name in choices):
        for each in choice if isinstance(choice, list) else [choice]:
            yield from _constants(each)


def _not_shown(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield docstrings, what is logged, and the parts of an f-string: it is a text as a whole."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if node.body and isinstance(node.body[0], ast.Expr):
                yield node.body[0].value
        elif isinstance(node, ast.JoinedStr):
            yield from node.values
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "id", "") or getattr(getattr(node.func, "value", None), "id", "")
            if name in {"logger", "gettext", "ngettext", "Lua"}:
                yield from node.args


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return catalog_placeholders(node.value)
    if not isinstance(node, ast.JoinedStr):
        return None
    names: list[str] = []
    parts = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value).replace("%", "%%"))
        elif isinstance(part, ast.FormattedValue):
            parts.append(f"%({_placeholder(part.value, names)})s")
    return "".join(parts)


def _placeholder(value: ast.expr, taken: list[str]) -> str:
    """Return a name that says what stands there, of its own within the sentence."""
    name = next((node.id if isinstance(node, ast.Name) else node.attr
                 for node in ast.walk(value) if isinstance(node, ast.Name | ast.Attribute)), "value")  # fmt: skip
    name = name.strip("_") if name.strip("_") != "num" else "number"
    taken.append(name)
    count = taken.count(name)
    return name if count == 1 else f"{name}{count}"


def _words() -> Iterator[tuple[str, Message]]:
    for value in vars(states).values():
        if isinstance(value, type) and issubclass(value, StrEnum):
            yield from (("db/states.py", str(state)) for state in value if str(state).replace(" ", "").isalpha())
    yield from (("db/names/work_names.py", word) for word in KINDS)
    yield from (("web/views/changes/comparison.py", word) for word in PAIRS)
    yield from (("db/tenants/schedule_words.py", f"Every {day} at") for day in schedule_words.DAYS)
    yield from (("db/tenants/schedule_words.py", f"Every {day} at %(time)s") for day in schedule_words.DAYS)
    yield "graph/display/outline_groups.py", outline_groups.GENERAL
    yield from (("graph/display/access_words.py", level) for level in access_words.LEVELS)
    for policy_type in POLICY_TYPES.values():
        yield "graph/policy_types/table.py", policy_type_names.title(policy_type.key)
    for kind in (*POLICY_TYPES, *OBJECT_LABELS):
        yield "graph/policy_types/object_labels.py", f"{object_label(kind)} “%(name)s”"


def updated(language: str) -> Catalog:
    """Return the language's catalog with the messages of today: what is no longer said goes, what is new is empty."""
    path = catalog_path(language)
    old = read_po(path.open("rb"), locale=language) if path.exists() else Catalog(locale=language)
    catalog = Catalog(locale=language, project="Tenantkeep", fuzzy=False)
    for message, files in sorted(messages().items(), key=lambda item: (item[1], str(item[0]))):
        known = old.get(message if isinstance(message, str) else message[0])
        translation = known.string if known and known.id == message else None
        catalog.add(message, translation, locations=[(file, 0) for file in files[:3]], flags=("python-format",))
    return catalog


def catalog_path(language: str) -> Path:
    return CATALOGS / language / "LC_MESSAGES" / "messages.po"


def write(language: str) -> int:
    """Write the catalog and compile it. Return how many messages have no translation yet."""
    catalog = updated(language)
    path = catalog_path(language)
    with path.open("wb") as file:
        write_po(file, catalog, width=120, include_lineno=False, omit_header=False)
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalog)
    return sum(1 for message in catalog if message.id and not is_translated(message.string))


def is_translated(string: str | tuple[str, ...] | list[str] | None) -> bool:
    return bool(string) and (isinstance(string, str) or all(string))


def main() -> int:
    for language in LANGUAGES:
        if language != ENGLISH:
            sys.stdout.write(f"{language}: {write(language)} messages without a translation\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
