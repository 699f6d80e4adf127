"""Pages that a person opened lately in this browser, for the search and the choice of a tenant.

A cookie holds their kinds and numbers alone, and what one may see decides what is shown: forging it gains nothing.
"""

from flask import request
from flask_login import current_user
from werkzeug.wrappers import Response

from web.security.headers import is_over_https

COOKIE = "tenantkeep-recent"
MAX_THINGS = 8
SECONDS = 90 * 24 * 3600
TENANT = "t"
# The page of a thing -> its kind's letter.
_LETTERS = {
    "tenants.page": TENANT,
    "policies.page": "p",
    "backup_sets.page": "b",
    "restores.page": "e",
    "runs.page": "r",
}


def things() -> list[tuple[str, int]]:
    """Return the letter and the number of each, the newest first."""
    owner, _, rest = request.cookies.get(COOKIE, "").partition(":")
    if not current_user.is_authenticated or owner != str(current_user.id):
        return []
    parts = [part for part in rest.split(".") if part[1:].isascii() and part[1:].isdigit() and len(part) < 20]
    return [(part[0], int(part[1:])) for part in parts][:MAX_THINGS]


def remember(response: Response) -> Response:
    """Put the thing whose page is answered first."""
    letter = _LETTERS.get(request.endpoint or "") if request.method == "GET" and response.status_code == 200 else None
    numbers = list((request.view_args or {}).values())
    if letter is None or len(numbers) != 1 or not current_user.is_authenticated:
        return response
    opened = (letter, int(numbers[0]))
    recent = [opened, *(row for row in things() if row != opened)][:MAX_THINGS]
    value = f"{current_user.id}:{'.'.join(f'{kind}{number}' for kind, number in recent)}"
    if value != request.cookies.get(COOKIE):
        response.set_cookie(COOKIE, value, max_age=SECONDS, httponly=True, samesite="Lax", secure=is_over_https())
    return response
