"""Programs for developers: each is run by a make target, none by the tests."""
