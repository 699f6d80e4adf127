"""The plan of a tenant that was confirmed with its ring, and the version that the tenant was held to before."""

from db.schema.online_changes import add_column

atomic = False


def up(migrator, db):
    add_column(db, "roll_out_tenant", "confirmed_mark", "VARCHAR(64)")
    add_column(db, "roll_out_tenant", "previous_version_id", "BIGINT")
