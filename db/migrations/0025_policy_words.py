"""Find policies by words of their descriptions and of the names of their settings."""

from db.schema.online_changes import add_column, change, create_index, is_sqlite

atomic = False

# As 0004 does for names. What was there before has no words yet: nothing has to be filled in.
SQLITE_SEARCH = (
    """CREATE VIRTUAL TABLE IF NOT EXISTS policy_search_words USING fts5(words, content='policy', content_rowid='id',
    detail=none)""",
    """CREATE TRIGGER IF NOT EXISTS policy_search_words_insert AFTER INSERT ON policy WHEN new.words IS NOT NULL BEGIN
    INSERT INTO policy_search_words (rowid, words) VALUES (new.id, new.words); END""",
    """CREATE TRIGGER IF NOT EXISTS policy_search_words_delete AFTER DELETE ON policy WHEN old.words IS NOT NULL BEGIN
    INSERT INTO policy_search_words (policy_search_words, rowid, words) VALUES ('delete', old.id, old.words); END""",
    """CREATE TRIGGER IF NOT EXISTS policy_search_words_leave AFTER UPDATE OF words ON policy
    WHEN old.words IS NOT new.words AND old.words IS NOT NULL BEGIN
    INSERT INTO policy_search_words (policy_search_words, rowid, words) VALUES ('delete', old.id, old.words); END""",
    """CREATE TRIGGER IF NOT EXISTS policy_search_words_update AFTER UPDATE OF words ON policy
    WHEN old.words IS NOT new.words AND new.words IS NOT NULL BEGIN
    INSERT INTO policy_search_words (rowid, words) VALUES (new.id, new.words); END""",
)


def up(migrator, db):
    add_column(db, "policy", "words", "TEXT")
    if is_sqlite(db):
        change(db, *SQLITE_SEARCH)
    else:
        create_index(db, "policy_search_words", "policy USING gin (to_tsvector('simple', COALESCE(words, '')))")
