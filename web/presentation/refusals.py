"""Refusals, as the next page says them."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import flash

from db.errors import Invalid


@contextmanager
def refusals_flashed() -> Iterator[None]:
    """End the block at an Invalid, and say its sentence on the next page."""
    try:
        yield
    except Invalid as e:
        flash(str(e), "danger")
