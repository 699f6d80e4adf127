"""The words of the scripts in web/static, which a page hands to them where it is not in English."""

from web.translation.languages import ENGLISH, current_language
from web.translation.sentences import book_of

SAID = (
    "Copied",
    "The browser did not copy it.",
    "Found",
    "{} found",
    "Loading",
    "{} selected:",
    "Tick rows to",
    "{} chosen",
    "{} chosen, {} of them not on this page",
    "Nothing chosen yet",
    "Table that scrolls sideways",
    "You are signed out. What you typed is not lost: send it, sign in, and the form is there again.",
    "Tenantkeep does not answer just now. Try again.",
    "Nothing was chosen, or it took too long. Try again.",
    "That device has a passkey of yours already.",
    "This device cannot keep such a passkey. Take another one.",
    "Passkeys do not work at this address.",
    "This browser knows no passkeys.",
)


def script_words() -> dict[str, str]:
    """Return {English: the page's language}; {} where that is English."""
    language = current_language()
    if language == ENGLISH:
        return {}
    return {english: book_of(language).translate_template(english) for english in SAID}
