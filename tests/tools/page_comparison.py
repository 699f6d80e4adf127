"""Show that a change of templates or views leaves every page as it was, but for white space.

    python -m tests.tools.page_comparison demo DATA        run a demo, make something on every page, keep its data
    python -m tests.tools.page_comparison render DATA OUT  render those pages as this checkout draws them
    python -m tests.tools.page_comparison compare OLD NEW  print what differs, and fail if anything does

`render --tree` renders them as another checkout does.

`compare --spaces` compares the text alone, with the white space that a reader sees between words and links.
"""

import argparse
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).parents[2]
RENDERER = Path(__file__).with_name("page_renderer.py")
# Text goes on across these; everything else begins a line or a box of its own.
INLINE = frozenset(("a", "abbr", "b", "code", "em", "kbd", "mark", "q", "s", "small", "span", "strong", "time", "u"))
EXACT = frozenset({"pre", "textarea"})
# A browser takes them as said where they are left out.
OPTIONAL_ENDS = frozenset({"option", "li", "p", "tr", "td", "th", "dt", "dd"})
DIFF_LINES, DIFF_WIDTH = 30, 200


def make_data(data: Path) -> None:
    from playwright.sync_api import sync_playwright

    from tests.support.demo import ARGUMENTS, running_demo, sign_in
    from tests.support.page_walk import PAGES, prepare
    from tests.tools.prerequisites import chromium

    with running_demo(data) as demo, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        sign_in(page, demo, "admin")
        numbers = prepare(page, demo, is_whole=True)
        browser.close()
    now = datetime.now(UTC).replace(tzinfo=None).isoformat()
    tour = {"now": now, "numbers": numbers, "paths": list(PAGES.values())}
    (data / "tour.json").write_text(json.dumps(tour, indent=1))


def render(data: Path, out: Path, tree: Path) -> int:
    shutil.rmtree(out, ignore_errors=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TENANTKEEP_")}
    line = [tree / ".venv" / "bin" / "python", RENDERER, data.resolve(), out.resolve()]
    return subprocess.run(line, cwd=tree, env={**clean, "PYTHONHASHSEED": "0"}, check=False).returncode


def compare(old: Path, new: Path, *, with_spaces: bool) -> int:
    """Print each difference once, with the pages that have it. Returns 1 if there is any."""
    names = sorted({str(path.relative_to(folder)) for folder in (old, new) for path in folder.rglob("*.txt")})
    pages = defaultdict(list)
    for name in names:
        difference = _difference(old / name, new / name, with_spaces=with_spaces)
        if difference:
            pages[difference].append(name)
    for difference, having in sorted(pages.items(), key=lambda item: -len(item[1])):
        more = f" and {len(having) - 1} more" if len(having) > 1 else ""
        sys.stdout.write(f"== {having[0]}{more}\n{difference}\n\n")
    count = sum(map(len, pages.values()))
    sys.stdout.write(f"{len(names)} pages compared, {count} differ, in {len(pages)} ways.\n")
    return 1 if count else 0


def _difference(old: Path, new: Path, *, with_spaces: bool) -> str:
    if not (old.exists() and new.exists()):
        return "-only before" if old.exists() else "+only now"
    before, after = old.read_text(), new.read_text()
    if before == after:
        return ""
    sides = [normalised(text, with_spaces=with_spaces) for text in (before, after)]
    lines = list(difflib.unified_diff(*sides, n=1, lineterm=""))[2:]
    lines = ["…" if line.startswith("@@") else line[:DIFF_WIDTH] for line in lines]
    return "\n".join([*lines[:DIFF_LINES], "…"] if len(lines) > DIFF_LINES else lines)


def normalised(text: str, *, with_spaces: bool = False) -> list[str]:
    """The head of an answer, and its tags and words, one a line; with spaces, its text alone as it is drawn."""
    head, _, body = text.partition("\n\n")
    if "\ntext/html\n" not in f"{head}\n":
        return text.splitlines()
    page = _Page()
    page.feed(body)
    page.close()
    return [*head.splitlines(), *(page.drawn_lines() if with_spaces else page.lines())]


class _Page(HTMLParser):
    """A page as a list of tags and texts. Attributes are sorted; classes are a set."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        # (tag or text, the tag's name or "" for text).
        self._found: list[tuple[str, str]] = []
        self._exact = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._exact += tag in EXACT
        values = {name: " ".join((value or "").split()) for name, value in attrs}
        if "class" in values:
            values["class"] = " ".join(sorted(values["class"].split()))
        if "accept" in values:
            values["accept"] = values["accept"].replace(", ", ",")
        words = "".join(f' {name}="{value}"' for name, value in sorted(values.items()))
        self._found.append((f"<{tag}{words}>", tag))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self._exact -= tag in EXACT
        if tag not in OPTIONAL_ENDS:
            self._found.append((f"</{tag}>", tag))

    def handle_decl(self, decl: str) -> None:
        self._found.append((f"<!{decl.lower()}>", "!"))

    def handle_data(self, data: str) -> None:
        self._found.append((data if self._exact else re.sub(r"[ \t\r\n\f]+", " ", data), ""))

    def lines(self) -> list[str]:
        """Tags and texts, one a line, without white space beside tags."""
        texts = ((text, name) if name else (text.strip(" "), name) for text, name in self._found)
        return [text if name else repr(text) for text, name in texts if text]

    def drawn_lines(self) -> list[str]:
        """Return what a reader sees of each paragraph, cell or button, with the white space between words and links."""
        text = "".join("" if name in INLINE else "\n" if name else text for text, name in self._found)
        return [line for line in (re.sub(" +", " ", line).strip() for line in text.split("\n")) if line]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.page_comparison", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    acts = parser.add_subparsers(dest="act", required=True)
    demo = acts.add_parser("demo", help="run a demo, and keep its data")
    demo.add_argument("data", type=Path)
    rendering = acts.add_parser("render", help="render the pages of kept data")
    rendering.add_argument("data", type=Path)
    rendering.add_argument("out", type=Path)
    rendering.add_argument("--tree", type=Path, default=ROOT, help="the checkout that draws them; with its own .venv")
    comparing = acts.add_parser("compare", help="compare two folders of rendered pages")
    comparing.add_argument("old", type=Path)
    comparing.add_argument("new", type=Path)
    comparing.add_argument(
        "--spaces", action="store_true", help="the text alone, with the white space that a reader sees"
    )
    given = parser.parse_args()
    if given.act == "demo":
        make_data(given.data)
        return 0
    if given.act == "render":
        return render(given.data, given.out, given.tree.resolve())
    return compare(given.old, given.new, with_spaces=given.spaces)


if __name__ == "__main__":
    sys.exit(main())
