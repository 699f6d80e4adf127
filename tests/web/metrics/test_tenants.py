import pytest

import config
from web.metrics.tenants import tenant_samples


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_tenant_has_a_number_a_name_by_setting_alone_and_nothing_among_too_many(cast, monkeypatch):
    def told(**settings):
        for name, value in settings.items():
            monkeypatch.setenv(f"TENANTKEEP_METRICS_{name}", value)
        config.settings.cache_clear()
        return [(sample.family, *sample.labels.values()) for sample in tenant_samples(2)]

    numbers = [str(cast.contoso.id), str(cast.fabrikam.id)]
    left_out, age = ("tenant_series_left_out",), "tenant_backup_age_seconds"
    assert told() == [left_out, *((age, number) for number in numbers)]
    assert told(TENANT_NAMES="on") == [left_out, (age, numbers[0], "Contoso"), (age, numbers[1], "Fabrikam")]
    assert told(TENANTS="1") == [left_out]
    assert [sample.value for sample in tenant_samples(2)] == [2]
