from web.archive import Names, safe


def test_names_are_safe_on_windows_and_unique_whatever_the_case():
    names = Names()
    assert names.path("configurationPolicies", "A") == "Settings catalog/A.json"
    assert names.path("configurationPolicies", "a") == "Settings catalog/a (2).json"
    assert [safe(name) for name in ("con", "LPT1.x", "a/b\\c:d*", " x. ", "..", "é" * 300)] == [
        "_con", "_LPT1.x", "a_b_c_d_", "x", "_", "é" * 100,
    ]  # fmt: skip
