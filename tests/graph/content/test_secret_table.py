from graph.content.secret_table import SECRETS
from graph.microsoft import model


def test_the_table_names_what_the_model_has():
    for (kind, name), found in SECRETS.items():
        properties = model.properties(kind)
        assert name in properties
        for other, values in found.when.items():
            assert other in properties or other == "@odata.type"
            assert not values or set(values) <= set(model.enum(properties[other].type)) | {
                "wpa2Personal",
                "wpa3Personal",
            }
        assert not found.flag or found.flag in properties
