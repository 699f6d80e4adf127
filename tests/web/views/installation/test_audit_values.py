"""Details of audit events in words: codes and times are told, names stay as they are."""

from web.views.installation import audit_values


def test_names_stay_and_times_are_shown_as_times(app):
    with app.test_request_context(headers={"Accept-Language": "de"}):
        assert audit_values.detail("name", "reader") == "reader", "somebody called it so"
        assert audit_values.detail("role", "reader") == "Leser"
        assert 'datetime="2026-12-04T10:00:00Z"' in audit_values.detail("due_at", "2026-12-04T10:00:00")
        assert audit_values.detail("made_at", "2026-01-02") == "2026-01-02"
        assert audit_values.detail("until", None) == "None"


def test_of_many_events_the_first_are_said_and_the_others_counted(app):
    with app.test_request_context():
        assert audit_values.detail("events", ["run_failed", "unheard"]) == "A backup or another run failed; unheard"
        many = ["run_failed", "run_partial", "change", "rollout"]
        assert str(audit_values.detail("events", many)).endswith("; and 2 more")
