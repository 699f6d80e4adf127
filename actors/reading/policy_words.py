"""Words by which policies are found, Microsoft's for their settings among them: made anew when there are others.

The sweep that indexes newest snapshots makes them (actors/reading/policy_index.py): a policy whose settings got other
words is indexed again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import config
from actors.facade.wording import ENGLISH, Wording, wording_of
from db.policies import policy_index, policy_settings
from graph.display import search_words


def words_of_policies(contents: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Return the words by which each of these (policy type, content) is found, in the languages of the catalogue.

    One look into the database for each language.
    """
    languages = config.settings().definition_languages or (ENGLISH,)
    wordings = [wording_of(contents, language) for language in languages]
    return [_words(content, wordings) for _, content in contents]


def _words(content: Mapping[str, Any], wordings: Iterable[Wording]) -> str:
    in_each = (search_words.words_of(content["body"], wording=wording).split() for wording in wordings)
    found = dict.fromkeys(word for words in in_each for word in words)
    return " ".join(found)[: search_words.LONGEST]


def take_up(definition_ids: Collection[str]) -> None:
    """Call settings as the catalogue does by now, and have the policies that set them found by the new words."""
    policy_settings.take_titles(definition_ids)
    policy_index.index_anew(definition_ids)
