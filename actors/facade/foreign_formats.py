"""Formats of other tools in words, for pages and commands: graph/foreign/export.py."""

from collections.abc import Iterable

from graph.foreign.export import FORMAT_TITLES, FileState, ForeignFormat

# The state of a file in which a policy may be, and that could not be taken.
LEFT_OUT = str(FileState.LEFT_OUT)


def format_title(form: str) -> str:
    """Return the title of a stored format; the value itself for one that a later version knows."""
    return FORMAT_TITLES[ForeignFormat(form)] if form in set(ForeignFormat) else form


def format_words(formats: Iterable[str]) -> str:
    return ", ".join(map(format_title, formats)) or "files"
