from tests.tools.page_comparison import compare, normalised

HEAD = "200 OK\ntext/html\n\n\n"
PAGE = HEAD + '<p class="a b" id=x>Two <a href="/">words</a>.</p>\n<ul><li>one</ul>'


def test_white_space_beside_tags_and_the_order_of_attributes_do_not_count():
    other = HEAD + '<p id="x"\n  class="b  a">\n  Two\n<a href="/">words</a>\n.\n</p><ul>\n<li>one</li>\n</ul>'
    assert normalised(other) == normalised(PAGE)
    assert normalised(other, with_spaces=True) != normalised(PAGE, with_spaces=True)


def test_text_that_looks_like_a_tag_is_text():
    assert normalised(HEAD + "<b>&lt;plist> </b>") == normalised(HEAD + "<b>\n&lt;plist>\n</b>")


def test_a_word_an_attribute_and_a_status_count():
    for old, new in (("words", "word"), ('"/"', '"/runs/"'), ("200 OK", "404 NOT FOUND"), ("<p", "<div")):
        assert normalised(PAGE.replace(old, new)) != normalised(PAGE), new


def test_compare_prints_one_difference_once_with_the_pages_that_have_it(tmp_path, capsys):
    for folder, word in (("old", "words"), ("new", "things")):
        (tmp_path / folder).mkdir()
        for name in ("one", "two"):
            (tmp_path / folder / f"{name}.txt").write_text(PAGE.replace("words", word))
    assert compare(tmp_path / "old", tmp_path / "old", with_spaces=True) == 0
    assert compare(tmp_path / "old", tmp_path / "new", with_spaces=False) == 1
    printed = capsys.readouterr().out
    assert "== one.txt and 1 more" in printed
    assert "-'words'\n+'things'" in printed
    assert "2 pages compared, 2 differ, in 1 ways." in printed
