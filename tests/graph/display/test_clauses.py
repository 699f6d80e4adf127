"""Parts of sentences: templates are translated, names never."""

from graph.display.clauses import Clause, joined


def test_templates_are_translated_and_names_stay_as_they_are():
    clause = Clause("except {}", ((Clause("the group {}", ("{0} except",)), "all users"),))
    words = {"except {}": "außer {}", "the group {}": "der Gruppe {}"}
    assert clause.words() == "except the group {0} except, all users"
    assert clause.words(lambda template: words.get(template, template)) == "außer der Gruppe {0} except, all users"


def test_lists_in_a_list_are_kept_apart():
    lists = (Clause("the groups {}", (("A", "B"),)), Clause("the role {}", ("R",)))
    assert joined(lists) == "the groups A, B; the role R"
    assert joined(lists[1:] * 2) == "the role R, the role R"
