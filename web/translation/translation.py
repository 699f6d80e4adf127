"""Flask-Babel and Jinja's translation, set up: `_()` and `{% trans %}` for what a page says itself.

Whatever else Python says is English, because it is kept, audited and logged, and is translated where it is shown:
`sentences.py`, the filter `translated`.
"""

from flask import Flask
from flask_babel import Babel

from web.translation.languages import ENGLISH, LANGUAGES, current_language
from web.translation.script_words import script_words
from web.translation.sentences import CATALOGS, translated, translated_template


def register(app: Flask) -> None:
    app.config["BABEL_DEFAULT_LOCALE"] = ENGLISH
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(CATALOGS)
    Babel(app, locale_selector=current_language)
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.globals.update(current_language=current_language, LANGUAGES=LANGUAGES, script_words=script_words)
    app.jinja_env.filters["translated"] = translated
    app.jinja_env.filters["story_words"] = lambda story: story.words(translated_template)
    app.jinja_env.filters["story_parts"] = lambda story: story.parts(translated_template)
