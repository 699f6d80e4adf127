from web.text import linked


def test_only_addresses_in_intune_become_links():
    said = linked('Wait: https://intune.microsoft.com/#view/x/~/requests. <b> https://evil.example/ "')
    assert '<a href="https://intune.microsoft.com/#view/x/~/requests" rel="noopener noreferrer">' in said
    assert said.count("<a ") == 1
    assert "&lt;b&gt;" in said
