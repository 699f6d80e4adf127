"""The asker: the person behind the token in `Authorization: Bearer tk_…`. Nothing else signs a program in.

Cookies do not count here, so that no page of another site can act by a browser that is signed in, and no form needs a
token of its own.
"""

import logging
from typing import Any

from flask import Request, g, request
from flask_login import UserMixin

from actors.process import logs
from db.accounts import api_tokens
from db.audit import audit
from db.audit.audit import Action, Actor
from db.models import ApiToken
from db.states import Result, Scope
from web.security.attempt_limits import may_record_refusal
from web.security.token_limits import TokenLimits

logger = logging.getLogger(__name__)


class TokenUser(UserMixin):
    """The person behind a token, with the token's limits: what the session's user is to pages."""

    def __init__(self, row: ApiToken) -> None:
        self.token, self._user = row, row.user
        self.limits = TokenLimits(
            row.id, row.name, frozenset(map(Scope, row.scopes)), api_tokens.allowed_tenant_ids(row)
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._user, name)

    @property
    def is_active(self) -> bool:
        return bool(self._user.is_active)

    def get_id(self) -> str:
        return f"token {self.token.id}"


def load(asked: Request) -> TokenUser | None:
    """Return the person behind the request's token; None for a token that opens nothing, which `g.refusal` explains."""
    sort, _, token = asked.headers.get("Authorization", "").partition(" ")
    if sort.lower() != "bearer" or not token.strip():
        return None
    row = api_tokens.find(token.strip())
    why = api_tokens.UNKNOWN if row is None else api_tokens.why_unusable(row)
    if row is None or why:
        g.refusal = why
        _record_refusal(row, why or api_tokens.UNKNOWN)
        return None
    api_tokens.record_use(row, asked.remote_addr)
    return TokenUser(row)


def _record_refusal(row: ApiToken | None, why: str) -> None:
    """Write a refused token into the audit log, as often as refused sign-ins are."""
    if not may_record_refusal():
        logger.warning("too many refused tokens from %s", request.remote_addr, extra=logs.REPEATED)
        return
    name, subject = (row.name, f"user {row.user.email}") if row else (None, "(unknown token)")
    actor = Actor(f"token {name} of {row.user.email}" if row else "(unknown token)", None, request.remote_addr, "api")
    audit.record(Action.TOKEN_REFUSED, actor, subject, result=Result.REFUSED, name=name, why=why)
