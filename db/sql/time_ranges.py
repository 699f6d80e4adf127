"""Time filters for append-only tables. Rows are in time order, so each filter is one of ids, which any index ends with.

Without them a week long ago is looked for row by row, from the newest on. With the time itself, PostgreSQL takes an
index of times, and sorts a hundred thousand rows for a page of twenty: it does not know that ids and times go together.
So the column is written as an expression that no index is of, and for each end as another one: of two ends of the same
one PostgreSQL would expect one row in two hundred.
"""

from datetime import datetime

import peewee as pw

from db.database import Condition

# Rows that begin at once may get their ids in another order than their times.
SLACK = 1000


def since(field: pw.Field, at: datetime) -> Condition:
    key = field.model._meta.primary_key
    first = field.model.select(key).where(field >= at).order_by(field).limit(1).scalar()
    return field >= at if first is None else (pw.fn.COALESCE(field, field) >= at) & (key >= first - SLACK)


def before(field: pw.Field, at: datetime) -> Condition:
    key = field.model._meta.primary_key
    last = field.model.select(key).where(field < at).order_by(field.desc()).limit(1).scalar()
    return field < at if last is None else (pw.fn.COALESCE(field, field, field) < at) & (key <= last + SLACK)
