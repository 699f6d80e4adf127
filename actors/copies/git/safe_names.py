"""Names of files in a repository, which is checked out on machines of every kind: what a policy is called is not ours.

A name is what a file begins with, for whoever reads; behind it stands a mark of the policy's id, by which it is known.
So two names that a file system takes for one are two files, and a policy that is renamed is a file that is renamed.
"""

import hashlib
import re
import unicodedata

MAX_BYTES = 100
_MARK_DIGITS = 10
_MARKED = re.compile(rf" ([0-9a-f]{{{_MARK_DIGITS}}})\.json$")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
# learn.microsoft.com, Naming Files, Paths, and Namespaces: characters, and names of devices with any ending.
_FORBIDDEN = frozenset('<>:"/\\|?*')
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*", re.IGNORECASE)


def file_name(name: str, graph_id: str) -> str:
    """Return the name of a policy's file: “Baseline for kiosks 3f2a91c07d.json”."""
    return f"{_safe(name) or 'unnamed'} {mark_of(graph_id)}.json"


def folder_name(text: str) -> str:
    """Return the name of a folder: the text itself where it is plain, as ids of directories and policy types are."""
    if _PLAIN.fullmatch(text) and not _DEVICES.fullmatch(text):
        return text
    return f"{_safe(text) or 'unnamed'} {mark_of(text)}"


def mark_of(graph_id: str) -> str:
    return hashlib.sha256(graph_id.encode("utf-8", "surrogatepass")).hexdigest()[:_MARK_DIGITS]


def mark_in(name: str) -> str | None:
    """Return the mark of the policy that a file is of; None for a file of somebody else."""
    found = _MARKED.search(name)
    return found[1] if found else None


def one_line(text: str, most: int) -> str:
    """Return the text in one line, without what cannot be seen: control characters, joiners, changes of direction."""
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(" " if unicodedata.category(char)[0] == "Z" or char in "\t\r\n" else char for char in composed)
    seen = "".join(char for char in kept if unicodedata.category(char)[0] != "C")
    return " ".join(seen.split())[:most].rstrip()


def _safe(text: str) -> str:
    kept = "".join("_" if char in _FORBIDDEN else char for char in one_line(text, 1000))
    # No dot at an end: hidden files, “..”, what Windows leaves out. No dash at the beginning: it reads as an option.
    kept = kept.strip(". ")
    kept = f"_{kept[1:]}" if kept.startswith("-") else kept
    if _DEVICES.fullmatch(kept.partition(".")[0]):
        kept = f"_{kept}"
    return kept.encode()[:MAX_BYTES].decode("utf-8", "ignore").rstrip(". ")
