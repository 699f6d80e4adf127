"""Every real policy is shown in Microsoft's words, as far as there are any: `pytest -s` prints how far that is."""

from collections import Counter

import pytest

from graph.display.outline import outline_body
from graph.display.outline_groups import group_lines
from graph.display.setting_titles import option_title, title_of
from tests.support.real_words import DEFINITIONS, real_policies, real_wording, set_in
from tests.support.simulated_tenant import REAL


@pytest.mark.skipif(not (REAL.exists() and DEFINITIONS.exists()), reason="no real policies and definitions here")
def test_every_setting_of_a_real_policy_that_has_words_is_shown_in_them():
    wording, tally, untold = real_wording(), Counter(), []
    for path, body in real_policies():
        groups = group_lines(outline_body(body, wording=wording), wording=wording)
        titles = {line.title for group in groups for line in group.lines}
        titles.update(part for group in groups for part in group.title.split(" › "))
        values = "\n".join(line.value or "" for group in groups for line in group.lines)
        tally["policies"] += 1
        for setting_id, instance in set_in(body):
            sort = "intents" if "valueJson" in instance else "settings"
            title = title_of(setting_id, wording)
            tally.update({sort: 1, f"named {sort}": bool(title)})
            untold += [(path.name, setting_id, title)] if title and title not in titles else []
            for chosen in choices(instance):
                words = option_title(setting_id, chosen, wording)
                tally.update({"choices": 1, "named choices": bool(words)})
                untold += [(path.name, chosen, words)] if words and words not in values else []
    for sort, what in (
        ("settings", "settings of catalogues"),
        ("intents", "settings of intents"),
        ("choices", "choices"),
    ):
        share = tally[f"named {sort}"] / tally[sort]
        print(f"{tally[sort]:,} {what}, {share:.1%} of them in Microsoft's words")
    assert tally["policies"] > 200
    assert untold == []
    assert tally["named settings"] > 0.95 * tally["settings"]


def choices(instance):
    for name in ("choiceSettingValue", "choiceSettingCollectionValue"):
        held = instance.get(name) or []
        yield from (value["value"] for value in (held if isinstance(held, list) else [held]) if value.get("value"))
