"""Requests of a token are counted, and the headers say what is left."""

import config


def test_one_too_many_in_a_minute_is_told_when_to_come_again_and_another_token_is_not(cast, api, monkeypatch):
    monkeypatch.setenv("TENANTKEEP_API_REQUESTS_PER_MINUTE", "2")
    config.settings.cache_clear()
    program, other = api(cast.ada), api(cast.ada)
    left = [program.get("/me").headers["RateLimit-Remaining"] for _ in range(2)]
    late = program.get("/me")
    assert (left, late.status_code) == (["1", "0"], 429)
    assert 1 <= int(late.headers["Retry-After"]) <= 60
    assert late.headers["RateLimit-Limit"] == "2"
    assert other.get("/me").status_code == 200
