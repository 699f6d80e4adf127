"""A sentence that was kept in English is recognised, and what stood in its placeholders is kept."""

import pytest
from babel import Locale
from markupsafe import Markup

from web.translation.sentences import SentenceBook, translated

BOOK = SentenceBook(
    {
        ("Waiting for %(name)s.",): ("Wartet auf %(name)s.",),
        ("Trying again in %(seconds)s s.",): ("Neuer Versuch in %(seconds)s s.",),
        ("%(what)s cannot be restored: %(why)s",): ("%(what)s kann nicht wiederhergestellt werden: %(why)s",),
        ("%(name)s stays %(name)s",): ("%(name)s bleibt %(name)s",),
        ("It is 100%% full",): ("Es ist zu 100%% voll",),
        ("At most %(most)s, 5%% of %(all)s",): ("5%% von %(all)s, also %(most)s",),
        ("It is gone. Make it again.",): ("Neu anlegen: es ist weg.",),
        ("%(num)s policy", "%(num)s policies"): ("%(num)s Richtlinie", "%(num)s Richtlinien"),
        ("It cannot be: %(why)s%(more)s",): ("Geht nicht: %(why)s%(more)s",),
        ("Group",): ("Gruppe",),
        ("%(a)s, %(b)s",): ("nie",),
        ("Put %(what)s",): ("%(what)s legen",),
        ("Put back by itself: %(what)s",): ("Von selbst zurückgelegt: %(what)s",),
        ("Applies to %(who)s.",): ("Gilt für %(who)s.",),
        ("Applies to all, and to one.",): ("Gilt für alle und für eins.",),
        ("It was held back and is as it was before. %(why)s",): ("Sie blieb, wie sie war. %(why)s",),
        ("It was %(what)s before.",): ("Vorher war es %(what)s.",),
        ("%(why)s Preview it again: it may go.",): ("%(why)s Noch einmal ansehen: Es mag gehen.",),
        ("It lacks %(what)s. Add it, then %(then)s.",): ("Ihr fehlt %(what)s. Fügen Sie es hinzu, dann %(then)s.",),
        ("In the ring “%(earlier_ring)s” of “%(name)s”.",): ("Im Ring „%(earlier_ring)s“ von „%(name)s“.",),
        ("pilot",): ("Pilot",),
        ("Not made: %(why)s",): ("Nicht angelegt: %(why)s",),
    },
    Locale("de").plural_form,
)


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("Group", "Gruppe"),
        ("Waiting for Fabrikam.", "Wartet auf Fabrikam."),
        ("Waiting for 3 policies.", "Wartet auf 3 Richtlinien."),
        ("1 policy", "1 Richtlinie"),
        ("Waiting for Group.", "Wartet auf Group."),
        ("Waiting for x. Trying again in 5 s.", "Wartet auf x. Neuer Versuch in 5 s."),
        ("Nobody knows this. Trying again in 5 s.", "Nobody knows this. Neuer Versuch in 5 s."),
        ("It is gone. Make it again. Trying again in 1 s.", "Neu anlegen: es ist weg. Neuer Versuch in 1 s."),
        ("4 policies cannot be restored: Waiting for a %s.", "4 Richtlinien kann nicht wiederhergestellt werden: "
         "Wartet auf a %s."),
        ("It cannot be: Waiting for x. Trying again in 5 s.", "Geht nicht: Wartet auf x. Neuer Versuch in 5 s."),
        ("Put back by itself: Waiting for x.", "Von selbst zurückgelegt: Wartet auf x."),
        ("It is 100% full", "Es ist zu 100% voll"),
        ("At most 3, 5% of 60", "5% von 60, also 3"),
        ("a stays a", "a bleibt a"),
        ("a stays b", "a stays b"),
        ("this, that", "this, that"),
        ("CA001: block legacy", "CA001: block legacy"),
        ("It was held back and is as it was before. Applies to all, and to one.",
         "Sie blieb, wie sie war. Gilt für alle und für eins."),
        ("In the ring “pilot” of “pilot”.", "Im Ring „Pilot“ von „pilot“."),
        ("Not made: It lacks x. Add it, then y.", "Nicht angelegt: Ihr fehlt x. Fügen Sie es hinzu, dann y."),
        ("Waiting for a\nb.", "Wartet auf a\nb."),
        ("Applies to all, and to one. Preview it again: it may go.",
         "Gilt für alle und für eins. Noch einmal ansehen: Es mag gehen."),
    ],
)  # fmt: skip
def test_a_kept_sentence_is_recognised_by_its_fixed_words(english, german):
    assert BOOK.translate(english) == german


def test_english_and_what_a_page_made_itself_stay():
    assert translated("Waiting for Fabrikam.") == "Waiting for Fabrikam."
    assert translated(None) == ""
    assert translated(Markup("<b>Group</b>")) == "<b>Group</b>"
