"""The scripts' words reach them in the page's language."""

import html
import json
import re

from tests.support.product_modules import ROOT
from web.translation import script_words

TEXT = re.compile(r'inLanguage\(\s*"([^"]+)"|Error: "([^"]+)"|new Error\("([^"]+)"')


def test_every_text_of_the_scripts_is_handed_to_them():
    scripts = [path.read_text() for path in (ROOT / "web" / "static").glob("*.js")]
    texts = {next(filter(None, groups)) for script in scripts for groups in TEXT.findall(script)}
    assert texts == set(script_words.SAID)


def test_a_german_page_brings_the_german_words_and_an_english_one_none(client):
    page = client.get("/sign-in", headers={"Accept-Language": "de"}).text
    words = json.loads(html.unescape(re.search(r'data-words="([^"]*)"', page)[1]))
    assert words["Copied"] == "Kopiert"
    assert set(words) == set(script_words.SAID)
    assert "data-words" not in client.get("/sign-in").text
