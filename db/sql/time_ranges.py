"""Time filters for append-only tables. Rows are in time order, so each filter also bounds the id and can use its index.

Without them a week long ago is looked for row by row, from the newest on.
"""

from datetime import datetime

import peewee as pw

from db.database import Condition

# Rows that begin at once may get their ids in another order than their times.
SLACK = 1000


def since(field: pw.Field, at: datetime) -> Condition:
    key = field.model._meta.primary_key
    first = field.model.select(key).where(field >= at).order_by(field).limit(1).scalar()
    return field >= at if first is None else (field >= at) & (key >= first - SLACK)


def before(field: pw.Field, at: datetime) -> Condition:
    key = field.model._meta.primary_key
    last = field.model.select(key).where(field < at).order_by(field.desc()).limit(1).scalar()
    return field < at if last is None else (field < at) & (key <= last + SLACK)
