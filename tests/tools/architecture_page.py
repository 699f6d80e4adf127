"""Write the picture and the rooms of docs/architecture.md from the code: `python -m tests.tools.architecture_page`."""

import re
from collections.abc import Iterator

from tests.support import product_modules
from tests.support.product_modules import ROOT
from tests.tools.markdown import formatted

PAGE = ROOT / "docs" / "architecture.md"
# Layer -> what it is, above what it imports. The simulator is a program of its own.
LAYERS = {
    "web": "pages, sign-in, access rules and commands. It reads `db`, and starts work through `actors`",
    "actors": "joins `db` and `graph`: every actor, the queue and the scheduler",
    "db": "tables, and the verbs on them. It knows no Graph, no messages and no pages",
    "graph": "Microsoft Graph: signing in, listing, reading, comparing and writing. It knows no database and no runs",
    "graph/simulator": "a Graph and its sign-in, in a process of its own",
}
# Facts that the product and the simulator both know, and no code that either would share with the other.
MICROSOFT = "graph/microsoft"
SIMULATOR = "graph/simulator"


def rooms() -> dict[str, str]:
    """Return each room's folder with the sentence that its `__init__` begins with."""
    docstrings = product_modules.room_docstrings(product_modules.modules())
    return {_folder(name): " ".join(text.partition("\n\n")[0].split()) for name, text in docstrings.items()}


def _folder(name: str) -> str:
    return name.replace(".", "/")


def layer_of(folder: str) -> str:
    return max((layer for layer in LAYERS if f"{folder}/".startswith(f"{layer}/")), key=len)


def node_of(name: str) -> str:
    """Return the room of a module as the picture has it: the first folder below its layer, else the layer."""
    layer = layer_of(name)
    room = "/".join(name.split("/")[: layer.count("/") + 2])
    return room if (ROOT / room).is_dir() and room not in {SIMULATOR, "db/migrations"} else layer


def imports() -> Iterator[tuple[str, str]]:
    """Yield (room, room that it imports) for every import of the product's own modules."""
    modules = product_modules.modules()
    for name, path in modules.items():
        for target in product_modules.imported(path, modules):
            yield node_of(_folder(name)), node_of(_folder(target))


def arrows() -> set[tuple[str, str]]:
    """Return the arrows within each layer, without those that follow from two others, and those between layers."""
    all_arrows = {(here, there) for here, there in imports() if here != there}
    inside = {
        (here, there)
        for here, there in all_arrows
        if layer_of(here) == layer_of(there) and not {here, there} & LAYERS.keys()
    }
    between = {
        (layer_of(here), there if layer_of(here) == SIMULATOR else layer_of(there))
        for here, there in all_arrows
        if layer_of(here) != layer_of(there)
    }
    return {arrow for arrow in inside if not _follows(arrow, inside)} | between


def _follows(arrow: tuple[str, str], all_arrows: set[tuple[str, str]]) -> bool:
    """Tell whether the end of an arrow is reached by others."""
    here, end = arrow
    seen, waiting = set(), [there for start, there in all_arrows if start == here and there != end]
    while waiting:
        room = waiting.pop()
        if room not in seen:
            seen.add(room)
            waiting += [there for start, there in all_arrows if start == room]
    return end in seen


def picture() -> str:
    lines = ["flowchart TB"]
    nodes = sorted({MICROSOFT, *(node_of(folder) for folder in rooms())})
    for layer in LAYERS:
        lines.append(f'  subgraph {_id(layer)}["{layer}/"]')
        lines += [f'    {_id(room)}["{room.removeprefix(layer + "/")}"]' for room in nodes if layer_of(room) == layer]
        lines.append("  end")
    lines += [f"  {_id(here)} --> {_id(there)}" for here, there in sorted(arrows())]
    return "```mermaid\n" + "\n".join(lines) + "\n```"


def _id(name: str) -> str:
    # “graph” alone would be a word of Mermaid's.
    return name.replace("/", "_") if name.count("/") > layer_of(name).count("/") else f"layer_{name.replace('/', '_')}"


def room_lists() -> str:
    text = ""
    for layer, what in LAYERS.items():
        text += f"### `{layer}/`\n\n{what[0].upper() + what[1:]}.\n\n"
        text += "".join(f"- `{folder}/`: {says}\n" for folder, says in rooms().items() if layer_of(folder) == layer)
        text += "\n"
    return text


def page(text: str) -> str:
    """Return the page with its two made parts made anew."""
    for name, made in (("picture", picture()), ("rooms", room_lists())):
        begin, end = f"<!-- {name}: make docs -->", f"<!-- end of {name} -->"
        text = re.sub(f"{begin}.*?{end}", lambda _: f"{begin}\n\n{made}\n\n{end}", text, flags=re.DOTALL)  # noqa: B023
    return formatted(text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
