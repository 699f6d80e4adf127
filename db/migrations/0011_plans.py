"""What a restore's plan was made for: nothing else is approved or executed."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE restore ADD COLUMN planned_mark VARCHAR(64)")
