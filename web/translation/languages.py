"""The languages that pages speak, and which of them somebody gets."""

from babel import negotiate_locale
from flask import g, has_request_context, request
from flask_login import current_user

from db.accounts import preferences
from web.security.own_preferences import own_preferences

# The language's code -> its name in itself. Each but English has a catalog below catalogs/.
LANGUAGES = {"en": "English", "de": "Deutsch"}
ENGLISH = "en"
_PREFERENCE = "language"


def current_language() -> str:
    """Return what this person chose, else what their browser asks for, else English."""
    if not has_request_context():
        return ENGLISH
    if "language" not in g:
        g.language = chosen_language() or negotiate_locale(_asked_languages(), list(LANGUAGES), sep="-") or ENGLISH
    language: str = g.language
    return language


def _asked_languages() -> list[str]:
    return [language for language, quality in request.accept_languages if quality]


def chosen_language() -> str | None:
    """Return None for strangers, and where the database, which would know, does not answer."""
    if g.get("is_bare") or not current_user.is_authenticated:
        return None
    language = own_preferences().get(_PREFERENCE)
    return language if language in LANGUAGES else None


def choose_language(user_id: int, language: str) -> None:
    """Keep the person's choice; anything but a language's code means: as the browser asks."""
    if language in LANGUAGES:
        preferences.save(user_id, _PREFERENCE, language)
    else:
        preferences.remove(user_id, _PREFERENCE)
