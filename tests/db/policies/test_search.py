import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Policy, Tenant
from db.policies import policies, search, snapshots
from tests.support.captures import capture_by_hand


@pytest.fixture
def named(cast):
    """named(*names) -> their policies, in Fabrikam."""

    def make(*names):
        rows = [
            {"graph_id": f"{number:08x}-AbC_dEf", "name": name, "odata_type": None, "platform": None,
             "is_built_in": False, "modified_at": None} for number, name in enumerate(names, start=0xABCDEF00)
        ]  # fmt: skip
        policies.record_listing(cast.fabrikam, "deviceConfigurations", rows)
        return list(Policy.select().where(Policy.policy_type == "deviceConfigurations").order_by(Policy.id))

    return make


def found(word):
    return [row.name for row in Policy.select().where(search.policy_name_matches(word, Policy.id)).order_by(Policy.id)]


def test_any_part_of_a_name_finds_it_whatever_the_case(named):
    named("WIN - BitLocker - Executives", "iOS – Passcode", 'A "quoted" 100% name_x')
    assert found("locker") == ["WIN - BitLocker - Executives"]
    assert found("PASSCODE") == ["iOS – Passcode"]
    assert found('"quoted"') == ['A "quoted" 100% name_x']
    assert found("100%") == found("e_x") == ['A "quoted" 100% name_x']
    assert found("iO") == ["iOS – Passcode"], "shorter than the index knows"
    assert found("nowhere") == []


def test_the_beginning_of_a_graph_id_finds_its_policy(named):
    [one, _] = named("First", "Second")
    assert found(one.graph_id) == found("abcdef00") == found("ABCDEF00") == found("abcdef00-AbC_d") == ["First"]
    assert found("ABCDEF00-AbC_d") == [], "other ids than GUIDs are as Graph writes them"
    assert found("bcdef00-") == []


def test_the_index_follows_what_a_policy_is_called(named, cast):
    [one] = named("Before")
    Policy.update(name="Afterwards").where(Policy.id == one.id).execute()
    assert (found("before"), found("terward")) == ([], ["Afterwards"])
    one.delete_instance()
    assert found("terward") == []


def test_a_word_of_very_many_names_is_found_as_well(named, monkeypatch):
    monkeypatch.setattr(search, "MAX_IDS", 2)
    named("Ring 1", "Ring 2", "Ring 3")
    assert found("ring") == ["Ring 1", "Ring 2", "Ring 3"]


def test_only_policies_of_the_tenants_asked_for_are_found(named, cast):
    named("Contoso look-alike")
    condition = search.policy_name_matches("contoso", Policy.id, [cast.contoso.id])
    assert {row.tenant_id for row in Policy.select().where(condition)} == {cast.contoso.id}
    assert not Policy.select().where(search.policy_name_matches("contoso", Policy.id, [])).exists()


def test_a_tenant_is_found_by_part_of_its_name_or_its_directory_id(cast, monkeypatch):
    def found(word):
        return [row.name for row in Tenant.select().where(search.tenant_name_matches(word)).order_by(Tenant.name)]

    assert found("TOSO") == ["Contoso"]
    assert found(cast.fabrikam.directory_id.upper()) == ["Fabrikam"]
    assert found("nobody-is-called-so") == []
    monkeypatch.setattr(search, "MAX_IDS", 1)
    assert found("o") == ["Contoso"]
    assert found("a") == ["Fabrikam"]
    monkeypatch.setattr(search, "MAX_IDS", 0)
    assert found("o") == ["Contoso"], "a word of more names than are looked at by id"


def matching(word, *tenant_ids):
    condition = search.policy_matches(word, list(tenant_ids) or None)
    return [row.name for row in Policy.select().where(condition).order_by(Policy.id)]


def test_the_beginning_of_a_word_finds_what_a_policy_sets_and_says(named, cast, monkeypatch):
    [one, other] = named("First", "Second")
    Policy.update(words="bitlocker requiredeviceencryption fürs büro").where(Policy.id == one.id).execute()
    assert matching("bitlock") == matching("BitLocker") == matching("büro") == ["First"]
    assert matching("locker") == matching("'; DROP") == []
    Policy.update(words="firewall").where(Policy.id == one.id).execute()
    assert (matching("bitlocker"), matching("fire")) == ([], ["First"])
    assert matching("fire", cast.contoso.id) == []
    Policy.update(words="firewall").where(Policy.id == other.id).execute()
    monkeypatch.setattr(search, "MAX_IDS", 1)
    assert matching("firewall") == ["First", "Second"], "of very many"
    Policy.update(words=None).where(Policy.id == one.id).execute()
    other.delete_instance()
    assert matching("firewall") == []


def test_a_capture_tells_by_what_words_a_policy_is_found(cast):
    policy = Policy.select().where(Policy.tenant == cast.contoso).first()
    run, _ = capture_by_hand(policy, SYSTEM)
    draft = snapshots.SnapshotDraft.of(
        policy, {"body": {}}, "f" * 64, read_at=utcnow(), assignments_mark="", name=policy.name, modified_at=None,
        proof={}, references={}, words="windowsfirewall",
    )  # fmt: skip
    snapshots.save(run, [draft])
    assert matching("windowsf") == [policy.name]
