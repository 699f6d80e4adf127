"""The simulator's side of a test or a benchmark: a tenant in it, and policies to put there."""

import requests


class SimulatedTenant:
    """The simulator's side of a tenant: what is there, what may be read, what goes wrong, what was asked."""

    def __init__(self, url, tenant_id):
        self.url, self.id = f"{url}/_simulator", tenant_id

    def put(self, collection, item):
        self._call("PUT", f"/tenants/{self.id}/objects/{collection}/{item['id']}", item)

    def delete(self, collection, object_id):
        self._call("DELETE", f"/tenants/{self.id}/objects/{collection}/{object_id}")

    def change(self, **values):
        self._call("PATCH", f"/tenants/{self.id}", values)

    def fault(self, **values):
        self._call("POST", "/faults", {"tenant": self.id, **values})

    def objects(self):
        return self._call("GET", f"/tenants/{self.id}/objects").json()

    def requests(self):
        """{"graph", "http", "writes", "tokens"} of this tenant since the test began."""
        found = self._call("GET", "/requests").json()["tenants"]
        return found.get(self.id, {"graph": 0, "http": 0, "writes": 0, "tokens": 0})

    def _call(self, method, path, body=None):
        answer = requests.request(method, self.url + path, json=body, timeout=30)
        answer.raise_for_status()
        return answer


READ = [
    *(f"DeviceManagement{area}.Read.All" for area in ("Configuration", "Apps", "ServiceConfig", "RBAC", "Scripts")),
    "Policy.Read.All",
    "AuthenticationContext.Read.All",
    "Group.Read.All",
    "Organization.Read.All",
]


def catalog_policy(graph_id, name, count=2):
    """A settings catalog policy as the simulator keeps it."""
    kind = "#microsoft.graph.deviceManagementConfiguration"
    return {
        "id": graph_id,
        "name": name,
        "description": "",
        "platforms": "windows10",
        "technologies": "mdm",
        "roleScopeTagIds": ["0"],
        "lastModifiedDateTime": "2025-04-18T11:09:03.6844085Z",
        "settingCount": count,
        "settings": [
            {
                "id": str(number),
                "settingInstance": {
                    "@odata.type": f"{kind}SimpleSettingInstance",
                    "settingDefinitionId": f"device_vendor_msft_policy_config_test_{number}",
                    "simpleSettingValue": {"@odata.type": f"{kind}IntegerSettingValue", "value": number},
                },
            }
            for number in range(count)
        ],
        "assignments": [],
    }
