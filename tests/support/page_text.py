"""Pages as the tests read them: without the white space that indents a template and that no browser draws."""

import functools
import re

from flask.testing import FlaskClient

TAG = re.compile(r'(</?[a-z][\w-]*(?:"[^"]*"|[^">])*>)')
OUTSIDE_VALUES = re.compile(r'("[^"]*")|\s+')
# White space beside these is drawn, but not at the inner edge of a box.
INLINE = re.compile(r"(a|abbr|b|button|code|del|em|i|img|input|ins|label|progress|select|small|span|strong|svg|time)\b")
BOXES = re.compile(r"(a|button|label|select|svg)\b")
EXACT = ("<pre", "<textarea")


class Browser(FlaskClient):
    """A test client whose pages come as they are read."""

    def __init__(self, application, response_wrapper, *args, **kwargs):
        super().__init__(application, type("Answer", (_AsRead, response_wrapper), {}), *args, **kwargs)


class _AsRead:
    def get_data(self, as_text=False):
        data = super().get_data(as_text)
        if self.mimetype != "text/html":
            return data
        return as_read(data) if as_text else as_read(data.decode()).encode()


def as_read(page: str) -> str:
    pieces = TAG.split(page)
    read, tags = [pieces[0].strip()], pieces[1::2]
    for tag, text, following in zip(tags, pieces[2::2], [*tags[1:], "<html>"], strict=bool(tags)):
        read += [_tag_as_read(tag), text if tag.startswith(EXACT) else _text_as_read(tag, text, following)]
    return "".join(read)


@functools.lru_cache(maxsize=10_000)
def _tag_as_read(tag: str) -> str:
    return OUTSIDE_VALUES.sub(lambda match: match[1] or " ", tag).replace(" >", ">")


def _text_as_read(tag: str, text: str, following: str) -> str:
    text = re.sub(r"\s+", " ", text)
    text = text if _draws_space(tag, is_inside=not tag.startswith("</")) else text.lstrip()
    return text if _draws_space(following, is_inside=following.startswith("</")) else text.rstrip()


@functools.lru_cache(maxsize=10_000)
def _draws_space(tag: str, *, is_inside: bool) -> bool:
    name = tag.lstrip("</")
    return bool(INLINE.match(name)) and not (is_inside and BOXES.match(name))
