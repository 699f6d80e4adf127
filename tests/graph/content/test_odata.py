from graph.content.odata import strip_annotations


def test_annotations_and_action_links_go_and_content_stays():
    body = {
        "@odata.type": "#microsoft.graph.windowsWifiConfiguration",
        "@odata.context": "https://graph/beta/$metadata",
        "assignments@odata.context": "x",
        "#microsoft.graph.assign": {"target": "x"},
        "definition@odata.bind": "/definitions('a')",
        "settings": [{"@odata.id": "x", "value@odata.type": "#String", "value": "kept"}],
    }
    assert strip_annotations(body) == {
        "@odata.type": "#microsoft.graph.windowsWifiConfiguration",
        "definition@odata.bind": "/definitions('a')",
        "settings": [{"value": "kept"}],
    }
