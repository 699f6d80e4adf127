"""A form filled in anew is the page's own HTML, with what was typed in its fields and nothing else changed."""

import html

from hypothesis import given

from tests.support.forms import page_of
from tests.support.strategies import texts
from web.security.form_refill import refill

PAGE = """<!DOCTYPE html><p title="a > b">Before</p>
<form method="post" action="/one"><input type="hidden" name="id" value="1"><input name="reason" value="old"></form>
<details class="fold"><summary>More</summary>
<form method="post" action="/one">
  <input type="hidden" name="id" value="2"><input type="hidden" name="csrf_token" value="fresh">
  <input name="reason" value="old" required><input type="password" name="password">
  <textarea name="note">was</textarea><input type="file" name="file">
  <label><input type="checkbox" name="rowid" value="1" checked></label><input type="checkbox" name="rowid" value="2">
  <input type="radio" name="what" value="all" checked><input type="radio" name="what" value="some">
  <select name="role"><option selected>reader</option><option value="op">operator</option></select>
</form></details><p>After</p>"""
TYPED = [("id", "2"), ("reason", 'INC "4711" <b>'), ("note", "two\nlines & more"), ("rowid", "2"), ("what", "some"),
         ("role", "op"), ("password", "x")]  # fmt: skip


def test_the_form_of_the_same_hidden_values_is_filled_in_and_unfolded():
    page, count, has_visible = refill(PAGE, "/one", TYPED, "/")
    first, second = page_of(page, "/").forms
    assert first.filled({}) == {"id": ["1"], "reason": ["old"]}
    sent = second.filled({})
    assert html.unescape(sent["reason"][0]) == 'INC "4711" <b>'
    assert sent["note"] == ["two\nlines & more"]
    assert (sent["rowid"], sent["what"], sent["role"]) == (["2"], ["some"], ["op"])
    assert (sent["csrf_token"], sent["password"]) == (["fresh"], [""]), "never filled in"
    assert '<details class="fold" open>' in page
    assert (count > 0, has_visible) == (True, True)


def test_nothing_typed_changes_nothing_and_no_such_form_is_none():
    same = [("id", "1"), ("reason", "old")]
    assert refill(PAGE, "/one", same, "/") == (PAGE, 0, True)
    assert refill(PAGE, "/two", TYPED, "/") is None
    assert refill(PAGE.replace('method="post"', 'method="get"'), "/one", TYPED, "/") is None


def test_a_form_without_an_action_is_sent_to_its_own_page():
    page = '<form method="post"><input name="a"></form>'
    filled = '<form method="post"><input name="a" value="b" data-kept></form>'
    assert refill(page, "/here", [("a", "b")], "/here") == (filled, 1, True)


@given(texts)
def test_whatever_was_typed_is_text(typed):
    page = '<form method="post" action="/"><input name="a"><textarea name="b"></textarea></form><p>x</p>'
    filled, _, _ = refill(page, "/", [("a", typed), ("b", typed)], "/")
    assert filled.endswith("</textarea></form><p>x</p>")
    assert filled.count("<") == page.count("<")
