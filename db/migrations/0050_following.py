"""An index for who follows a standard by a tag: every sweep of the scheduler asks whether the tenants have it still."""

from db.schema.online_changes import create_index

atomic = False


def up(migrator, db):
    create_index(db, "standard_adoption_tag", "standard_adoption (folded_tag) WHERE folded_tag IS NOT NULL")
