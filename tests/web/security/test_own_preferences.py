"""What a person chose is asked of the database once for a page, by whatever part of it."""


def test_a_page_asks_once_for_the_persons_choices(client, sign_in, cast, database, monkeypatch):
    sign_in(client, cast.ada)
    asked, execute = [], type(database).execute_sql
    monkeypatch.setattr(type(database), "execute_sql", lambda self, *args: asked.append(args) or execute(self, *args))
    assert client.get("/policies/").status_code == 200
    assert len([statement for statement, *_ in asked if 'FROM "preference"' in statement]) == 1
