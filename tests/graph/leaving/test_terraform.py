"""Import blocks for Terraform, read back by a small strict reader of that part of its language."""

import re

from hypothesis import given

from graph.leaving.intunecd import SUBTYPE_FOLDERS as CD_SUBTYPES
from graph.leaving.intunemanagement import SUBTYPE_FOLDERS as IM_SUBTYPES
from graph.leaving.terraform import RESOURCES, SUBTYPE_RESOURCES, TerraformWriter, quoted
from graph.microsoft import model
from graph.policy_types.table import POLICY_TYPES
from tests.support.leaving import ADMX, COMPLIANCE, RINGS, TIME, TWIN, catalog, source, written
from tests.support.strategies import texts

BLOCK = re.compile(r'import \{\n  to = ([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)\n  id = "((?:[^"\\\n]|\\.)*)"\n\}\n')
COMMENT = re.compile(r"#[^\n\r\u2028\u2029\x85\v\f]*\n")


def read(text):
    """Return {address: id}. Nothing but comments, blank lines and whole blocks may stand in the text."""
    found, place = {}, 0
    while place < len(text):
        block = BLOCK.match(text, place)
        match = block or COMMENT.match(text, place) or re.compile(r"\n").match(text, place)
        assert match, text[place : place + 80]
        if block:
            assert f"{block[1]}.{block[2]}" not in found
            found[f"{block[1]}.{block[2]}"] = unquoted(block[3])
        place = match.end()
    return found


def unquoted(inside):
    """Return the text that a string stands for. An expression in it would be one."""
    assert not re.search(r"(?<!\$)\$\{|(?<!%)%\{", inside)
    plain = inside.replace("$${", "${").replace("%%{", "%{")
    one = {"n": "\n", "r": "\r", "t": "\t"}

    def character(match):
        return chr(int(match[1], 16)) if match[1] else one.get(match[2], match[2])

    return re.sub(r"\\(?:u([0-9a-f]{4})|(.))", character, plain)


def test_a_block_is_written_for_each_policy_that_the_provider_knows_and_a_comment_for_the_others():
    writer = TerraformWriter(source())
    files = written(writer)
    text = files["imports.tf"].decode()
    blocks = read(text)
    catalog = "microsoft365_graph_beta_device_management_settings_catalog_configuration_policy_json"
    assert blocks[f"{catalog}.network_time_protocol"] == TIME.graph_id
    assert blocks[f"{catalog}.network_time_protocol_{TWIN.graph_id.replace('-', '_')}"] == TWIN.graph_id
    assert f"{catalog}.a_jndi_b_c_d" in blocks
    windows = "microsoft365_graph_beta_device_management_windows_device_compliance_policy.compliance"
    assert blocks[windows] == COMPLIANCE.graph_id
    assert blocks["microsoft365_graph_beta_device_management_group_policy_configuration.onedrive"] == ADMX.graph_id
    assert f"# windowsUpdatePolicies {RINGS.graph_id}: Autopatch" in text
    assert writer.left_out == {"windowsUpdatePolicies": 1, "intents": 1}
    assert "deploymenttheory/microsoft365" in files["versions.tf"].decode()


def test_no_name_can_be_chosen_that_another_block_gets():
    taken = "X a0000002-0000-4000-8000-000000000002"
    writer = TerraformWriter(source())
    for number, name in ((1, "X"), (3, taken), (2, "X")):
        writer.files(catalog(number, name))
    assert len(read(writer.closing_files()[0].data.decode())) == 3


@given(texts)
def test_no_text_leaves_its_string(text):
    written_text = quoted(text)
    assert unquoted(written_text[1:-1]) == text
    assert "\n" not in written_text


def test_every_row_is_of_a_policy_type_and_a_type_that_there_are():
    assert RESOURCES.keys() <= POLICY_TYPES.keys()
    for rows in (SUBTYPE_RESOURCES, IM_SUBTYPES, CD_SUBTYPES):
        for policy_type, odata_type in rows:
            assert policy_type in POLICY_TYPES
            assert model.is_known(odata_type), odata_type
