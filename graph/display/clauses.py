"""Parts of sentences: English templates with names in them. Whoever shows one can say it in another language."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Union

# A name stays as it is, whatever the language. Several parts stand one behind the other.
Part = Union[str, "Clause", tuple[Union[str, "Clause"], ...]]
Translate = Callable[[str], str]


@dataclass(frozen=True)
class Clause:
    """A part of a sentence. `template` is for `str.format`; `parts` go into its places."""

    template: str
    parts: tuple[Part, ...] = ()

    def words(self, translate: Translate = str) -> str:
        """Return the clause as text. `translate` is given each template."""
        return translate(self.template).format(*(_words_of(part, translate) for part in self.parts))


def _words_of(part: Part, translate: Translate) -> str:
    if isinstance(part, Clause):
        return part.words(translate)
    if isinstance(part, str):
        return part
    return joined(part, translate)


def joined(parts: Sequence[str | Clause], translate: Translate = str) -> str:
    """Return the parts one behind the other. Where one of them is a list itself, semicolons keep them apart."""
    between = "; " if any(_is_list(part) for part in parts) else ", "
    return between.join(_words_of(part, translate) for part in parts)


def _is_list(part: Part) -> bool:
    if isinstance(part, Clause):
        return any(_is_list(inner) for inner in part.parts)
    return isinstance(part, tuple) and len(part) > 1
