"""A tenant's own values become the defaults again, so that the next version can be taken from it."""

from graph.standards.finding import ItemContent, SourceFacts, find_parameters
from graph.standards.rendering import render
from graph.standards.turning_back import turn_back

BODY = {
    "displayName": "CTSO - Ring",
    "qualityUpdatesDeferralPeriodInDays": 7,
    "featureUpdatesDeferralPeriodInDays": 14,
    "notes": "Contoso: it@contoso.com",
    "links": ["https://intra.contoso.com"],
}


def test_what_was_rendered_is_turned_back_and_what_the_tenant_changed_stays():
    content = {"body": BODY, "assignments": None}
    facts = SourceFacts(domains=["contoso.com"], words=["Contoso"], prefix="CTSO - ")
    parameters = find_parameters([ItemContent("k", "deviceConfigurations", "Ring", content)], facts)
    values = {
        "prefix": "F-",
        "domain:contoso.com": "fabrikam.org",
        "text:Contoso": "Fabrikam",
        "number:k:qualityUpdatesDeferralPeriodInDays": 14,
    }
    rendered = render("deviceConfigurations", content, "k", parameters, values)
    assert rendered["body"] != BODY
    assert turn_back("deviceConfigurations", rendered, "k", parameters, values) == content
    rendered["body"] |= {"qualityUpdatesDeferralPeriodInDays": 3, "more": "www.fabrikam.org"}
    turned = turn_back("deviceConfigurations", rendered, "k", parameters, values)
    assert turned["body"] == {**BODY, "qualityUpdatesDeferralPeriodInDays": 3, "more": "www.contoso.com"}
    assert turn_back("deviceConfigurations", rendered, "k", parameters, {}) == rendered
