"""Query options and paging as the service does them."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

Object = dict[str, Any]

_KEYED = re.compile(r"^([^(]+)\('?([^'=]*)'?\)$")
_EXPANSION = re.compile(r"([\w./]+)(?:\((.*)\))?$")


class BadQuery(Exception):
    """The service answers 400 with this text."""


def segments(path: str) -> list[str]:
    """`/x('id')/y` and `/x/id/y` are the same; functions with named arguments stay whole."""
    parts: list[str] = []
    for part in path.strip("/").split("/"):
        keyed = _KEYED.match(unquote(part))
        parts += list(keyed.groups()) if keyed else [unquote(part)]
    return [part for part in parts if part]


def options(query: str) -> dict[str, str]:
    # almenscorner/IntuneCD reads the notification templates with "??$expand=…", and is answered.
    return {
        name.removeprefix("$").lower(): value for name, value in parse_qsl(query.lstrip("?"), keep_blank_values=True)
    }


def expansions(text: str, *, with_casts: bool = False) -> dict[str, str]:
    """`a,b($expand=c)` -> {"a": "", "b": "$expand=c"}; a cast before the name is dropped unless wanted."""
    found, depth, start = {}, 0, 0
    for number, char in enumerate(text + ","):
        depth += (char == "(") - (char == ")")
        if char == "," and not depth:
            match = _EXPANSION.match(text[start:number].strip())
            if match:
                found[match[1] if with_casts else match[1].split("/")[-1]] = match[2] or ""
            start = number + 1
    return found


def matches(item: Mapping[str, Any], condition: str) -> bool:
    """The filters the service is known to honour; BadQuery for any other."""
    equal = re.fullmatch(r"(\w+) eq '(.*)'", condition)
    if equal:
        return bool(item.get(equal[1]) == equal[2].replace("''", "'"))
    flag = re.fullmatch(r"(\w+) eq (true|false)", condition)
    if flag:
        return item.get(flag[1]) is (flag[2] == "true")
    if "appAvailability" in condition:
        return item.get("appAvailability") in {None, "lineOfBusiness"} or item.get("isAssigned") is True
    kinds = re.findall(r"(not )?isof\('(microsoft\.graph\.\w+)'\)", condition)
    if kinds:
        return all((item.get("@odata.type") == f"#{kind}") is not bool(negated) for negated, kind in kinds)
    raise BadQuery(f"Invalid filter clause: {condition}")


def selected(item: Object, names: str) -> Object:
    if not names:
        return item
    names_shown = {name.strip().split("/")[-1].lower() for name in names.split(",")} | {"id", "@odata.type"}
    return {key: value for key, value in item.items() if key.lower() in names_shown}


def page(items: list[Object], query: str, url: str, default_size: int) -> Object:
    """Return one page with the next one's link: long, its token encoded three times over, as captured."""
    query_options = options(query)
    items = _ordered(_searched(items, query_options.get("search", "")), query_options.get("orderby", ""))
    offset = _offset(query_options.get("skiptoken", "")) or int(query_options.get("skip") or 0)
    size = (
        int(query_options["top"])
        if query_options.get("top", "").isdigit() and int(query_options["top"])
        else default_size
    )
    answer: Object = {"@odata.count": len(items)} if query_options.get("count") == "true" else {}
    answer["value"] = items[offset : offset + size]
    if offset + size < len(items):
        answer["@odata.nextLink"] = _next_link(url, query, offset + size, answer["value"][-1])
    return answer


def _searched(items: list[Object], text: str) -> list[Object]:
    """Return the items whose names have the text in them; almenscorner/IntuneCD finds apps so."""
    needle = text.strip('"').casefold()
    return [item for item in items if needle in str(item.get("displayName") or item.get("name")).casefold()]


def _ordered(items: list[Object], text: str) -> list[Object]:
    for words in reversed([part.split() for part in text.split(",") if part.strip()]):
        items = sorted(items, key=_by(words[0]), reverse=words[1:] == ["desc"])
    return items


def _by(name: str) -> Callable[[Object], str]:
    """Texts, numbers and times in their order as texts; names in any case."""

    def key(item: Object) -> str:
        value = next((value for known, value in item.items() if known.lower() == name.lower()), None)
        return f"{value:020}" if isinstance(value, int) else str(value or "").casefold()

    return key


def _next_link(url: str, query: str, offset: int, last: Object) -> str:
    rest = "&".join(part for part in query.split("&") if part and not part.lower().startswith(("$skip", "%24skip")))
    rest = rest.replace("%20", "+").replace(",", "%2c")
    name = last.get("displayName") or last.get("name") or last.get("id")
    token = [{"compositeToken": {"token": None, "range": {"min": "05C1DFFFFFFFFC", "max": "FF"}},
              "resumeValues": [name], "rid": "kVsGAP" + "A" * 900, "skipCount": offset}]  # fmt: skip
    encoded = quote(quote(quote("[cosmosdb]" + json.dumps(token), safe=""), safe=""), safe="")
    return f"{url}?{rest}{'&' if rest else ''}$skiptoken={encoded}"


def _offset(token: str) -> int:
    if not token:
        return 0
    try:
        return int(json.loads(unquote(unquote(token)).removeprefix("[cosmosdb]"))[0]["skipCount"])
    except (ValueError, LookupError, TypeError) as e:
        raise BadQuery("Skip token is not valid.") from e
