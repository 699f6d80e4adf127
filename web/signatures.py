"""Values that are signed with the time, for other web hosts to read, whose clocks differ a little."""

from datetime import UTC
from typing import Any

from flask import current_app
from itsdangerous import SignatureExpired, TimestampSigner, URLSafeTimedSerializer

from db import clock


class SkewTolerantSigner(TimestampSigner):
    """Takes what the next host signed a moment ago by a clock that is ahead. Nothing lives longer for it."""

    def get_timestamp(self) -> int:
        return int(clock.utcnow().replace(tzinfo=UTC).timestamp())

    def unsign(self, signed_value: str | bytes, max_age: int | None = None, return_timestamp: bool = False) -> Any:
        value, signed_at = super().unsign(signed_value, return_timestamp=True)
        if max_age is not None:
            age = self.get_timestamp() - signed_at.timestamp()
            if not -clock.MAX_SKEW.total_seconds() <= age <= max_age:
                raise SignatureExpired(str(age), payload=value, date_signed=signed_at)
        return (value, signed_at) if return_timestamp else value


def signer(purpose: str) -> URLSafeTimedSerializer:
    """Return what signs values for this purpose alone."""
    return URLSafeTimedSerializer(str(current_app.secret_key), salt=purpose, signer=SkewTolerantSigner)
