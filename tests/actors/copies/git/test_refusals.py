import pytest

from actors.copies.git import refusals
from actors.copies.stores.store import StoreError

# What a service says when it refuses a push -> what is told about it.
SAID = {
    "! [remote rejected] (VS403654: The push was rejected because it contains one or more secrets)": refusals.SECRETS,
    "remote: error: GH009: Secrets detected! This push failed.": refusals.SECRETS,
    "PUSH BLOCKED: Secrets detected in code changes": refusals.SECRETS,
    "fatal: pack exceeds maximum allowed size": refusals.TOO_LARGE,
    "one or more blobs which exceed the 100MiB limit": refusals.TOO_LARGE,
    "push declined due to email privacy restrictions": refusals.PEOPLE,
    "GH006: Protected branch update failed. Commits must have verified signatures.": refusals.PEOPLE,
    "Commit message does not follow the pattern 'JIRA-.*'": refusals.MESSAGES,
    "TF402455: Pushes to this branch are not permitted; you must use a pull request": refusals.PROTECTED,
    "push declined due to repository rule violations": refusals.PROTECTED,
    "This repository was archived so it is read-only.": refusals.READ_ONLY,
    "unpack error: No space left on device": refusals.FULL,
    "Permission to org/policies.git denied to deploy key": refusals.NO_RIGHT,
    "User permission denied for writing.": refusals.NO_RIGHT,
    "ERROR: Repository not found.": refusals.NOT_THERE,
    "pre-receive hook declined": refusals.PLAIN,
    "": refusals.PLAIN,
}


def test_what_services_say_becomes_what_to_do_and_nothing_of_it_is_repeated():
    assert {text: refusals.sentence_of("pre-receive hook declined", text) for text in SAID} == SAID


def test_a_status_that_is_no_answer_says_whether_to_try_again():
    for status in (200, 304 - 104):
        refusals.check_status(status)
    for status, is_passing in ((203, False), (301, False), (401, False), (403, False), (404, False), (407, False),
                               (413, False), (429, True), (500, True), (503, True)):  # fmt: skip
        with pytest.raises(StoreError) as error:
            refusals.check_status(status)
        assert error.value.is_passing is is_passing, status
