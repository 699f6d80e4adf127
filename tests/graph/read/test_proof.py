"""The proof that is stored with a snapshot."""

from graph.read.proof import Proof


def test_proof_without_settings_says_none():
    assert Proof().as_json()["settings"] is None


def test_proof_names_what_was_withheld_and_counts_settings():
    proof = Proof(settings_stored=3, settings_declared=3, revealed=1)
    proof.withhold("omaSettings[./x]", "The app may not read it.")
    document = proof.as_json()
    assert document["settings"] == {"stored": 3, "declared": 3}
    assert document["secrets"] == {
        "revealed": 1,
        "withheld": [{"where": "omaSettings[./x]", "why": "The app may not read it."}],
    }
