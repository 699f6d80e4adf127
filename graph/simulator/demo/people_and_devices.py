"""A few people and devices of a demo tenant, with the groups that they are in."""

from graph.simulator.demo.builder import Builder

# First name, type of user, groups.
_PEOPLE = (
    ("Ann Auer", "Member", ("SG-IT-Department", "SG-Intune-Windows-Pilot")),
    ("Emil Eder", "Member", ("SG-Executives", "SG-Finance")),
    ("Gina Gast", "Guest", ("SG-External-Consultants",)),
)
_DEVICES = (
    ("LAPTOP-ANN", "Windows", ("SG-Intune-Windows-Production", "SG-Intune-Windows-Pilot")),
    ("KIOSK-01", "Windows", ("SG-Kiosks", "SG-Intune-Windows-Production")),
    ("IPHONE-EMIL", "IPhone", ("SG-Intune-iOS",)),
)


def add_all(build: Builder) -> None:
    domain = f"{build.tenant.name.split()[0].lower()}.example"
    for name, kind, groups in _PEOPLE:
        build.tenant.put("users", {
            "id": build.guid("person", name), "displayName": name, "userType": kind,
            "userPrincipalName": f"{name.split()[0].lower()}@{domain}",
            "memberOf": [build.group(group) for group in groups],
        })  # fmt: skip
    for name, system, groups in _DEVICES:
        build.tenant.put("devices", {
            "id": build.guid("device", name), "deviceId": build.guid("device id", name), "displayName": name,
            "operatingSystem": system, "memberOf": [build.group(group) for group in groups],
        })  # fmt: skip
