from flask import url_for
from markupsafe import Markup


def link(endpoint: str, label: object, **values: object) -> Markup:
    return Markup('<a href="{}">{}</a>').format(url_for(endpoint, **values), label)  # type: ignore[arg-type]
