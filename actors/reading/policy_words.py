"""Words by which policies are found, Microsoft's for their settings among them: made anew when there are others.

The sweep that indexes newest snapshots makes them (actors/reading/policy_index.py): a policy whose settings got other
words is indexed again.
"""

from collections.abc import Collection, Mapping
from typing import Any

import config
from actors.facade.wording import ENGLISH, wording_of
from db.policies import policy_index, policy_settings
from graph.display import search_words


def words_of_policy(policy_type: str, content: Mapping[str, Any]) -> str:
    """Return the words by which a policy is found, in the languages of the catalogue."""
    languages = config.settings().definition_languages or (ENGLISH,)
    wordings = (wording_of([(policy_type, content)], language) for language in languages)
    in_each = (search_words.words_of(content["body"], wording=wording).split() for wording in wordings)
    found = dict.fromkeys(word for words in in_each for word in words)
    return " ".join(found)[: search_words.LONGEST]


def take_up(definition_ids: Collection[str]) -> None:
    """Call settings as the catalogue does by now, and have the policies that set them found by the new words."""
    policy_settings.take_titles(definition_ids)
    policy_index.index_anew(definition_ids)
