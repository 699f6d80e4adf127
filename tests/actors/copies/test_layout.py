from actors.copies import layout


def test_only_a_first_file_of_ours_says_whose_the_store_is():
    assert layout.installation_in(b'{"installation": "abc"}') == "abc"
    for other in (b"", b"[]", b"{}", b"\xff", b"null"):
        assert layout.installation_in(other) == ""


def test_names_are_as_the_contract_says():
    assert layout.content_path("3fa1") == "contents/3f/3fa1.age"
    assert layout.signature_path("state/x.age") == "state/x.age.sig"
