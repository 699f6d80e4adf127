"""Print every name that a template reads, as Python that uses it: `make dead` then knows what only templates use."""

import keyword
import sys
from pathlib import Path

from jinja2 import Environment, nodes

TEMPLATES = Path(__file__).parents[2] / "templates"


def names_read_by_templates(folder: Path = TEMPLATES) -> set[str]:
    environment = Environment(extensions=["jinja2.ext.i18n"])  # noqa: S701 - nothing is rendered
    names: set[str] = set()
    for path in folder.rglob("*.html"):
        tree = environment.parse(path.read_text())
        names |= {node.attr for node in tree.find_all(nodes.Getattr)}
        names |= {node.name for node in tree.find_all(nodes.Name) if node.ctx == "load"}
    return {name for name in names if not keyword.iskeyword(name)}


if __name__ == "__main__":
    sys.stdout.write("".join(f"_.{name}\n" for name in sorted(names_read_by_templates())))
