"""Settings catalog policies: the bulk of what a tenant holds."""

from typing import Any

from graph.simulator.demo.builder import DM, TYPE, Builder

CONFIGURATION = f"{TYPE}deviceManagementConfiguration"

# Area of the Windows policy CSP -> settings in it; real names, so that a reader recognises them.
AREAS: dict[str, tuple[str, ...]] = {
    "defender": (
        "allowrealtimemonitoring", "allowbehaviormonitoring", "allowcloudprotection", "allowemailscanning",
        "allowscriptscanning", "puaprotection", "checkforsignaturesbeforerunningscan", "enablenetworkprotection",
        "cloudblocklevel", "cloudextendedtimeout", "submitsamplesconsent", "signatureupdateinterval",
    ),
    "bitlocker": (
        "requiredeviceencryption", "allowwarningforotherdiskencryption", "systemdrivesrequirestartupauthentication",
        "systemdrivesrecoveryoptions", "fixeddrivesrecoveryoptions", "removabledrivesrequireencryption",
    ),
    "update": (
        "allowautoupdate", "deferqualityupdatesperiodindays", "deferfeatureupdatesperiodindays", "engagedrestartdeadline",
        "configuredeadlinegraceperiod", "managepreviewbuilds", "allowmuupdateservice", "activehoursstart",
    ),
    "browser": (
        "allowsmartscreen", "preventsmartscreenpromptoverride", "allowpasswordmanager", "allowdonottrack",
        "allowpopups", "homepages", "configurehomebutton", "allowautofill", "syncfavorites", "lockdownfavorites",
    ),
    "devicelock": (
        "devicepasswordenabled", "mindevicepasswordlength", "maxinactivitytimedevicelock", "devicepasswordhistory",
        "alphanumericdevicepasswordrequired", "maxdevicepasswordfailedattempts", "devicepasswordexpiration",
    ),
    "experience": (
        "allowcortana", "allowwindowsspotlight", "allowfindmydevice", "donotshowfeedbacknotifications",
        "allowwindowsconsumerfeatures", "allowthirdpartysuggestionsinwindowsspotlight", "allowtailoredexperiences",
    ),
    "privacy": (
        "letappsaccesscamera", "letappsaccessmicrophone", "letappsaccesslocation", "disableadvertisingid",
        "letappsaccesscontacts", "letappsaccesscalendar", "publishuseractivities", "enableactivityfeed",
    ),
    "localpoliciessecurityoptions": (
        "accounts_enableguestaccountstatus", "interactivelogon_donotdisplaylastsignedin",
        "interactivelogon_machineinactivitylimit", "networksecurity_lanmanagerauthenticationlevel",
        "useraccountcontrol_runalladministratorsinadminapprovalmode", "accounts_renameadministratoraccount",
    ),
}  # fmt: skip
TITLES = {
    "defender": "Defender Antivirus", "bitlocker": "BitLocker", "update": "Windows Update", "browser": "Edge",
    "devicelock": "Device lock", "experience": "User experience", "privacy": "Privacy",
    "localpoliciessecurityoptions": "Security options",
}  # fmt: skip
RINGS = ("Pilot", "Ring 1", "Ring 2", "Production", "Kiosks", "Executives", "Shared devices", "Finance", "Stores", "HQ")


def choice(definition: str, value: int, children: list[Any] | None = None) -> dict[str, Any]:
    return {
        "@odata.type": f"{CONFIGURATION}ChoiceSettingInstance",
        "settingDefinitionId": definition,
        "settingInstanceTemplateReference": None,
        "choiceSettingValue": {
            "settingValueTemplateReference": None,
            "value": f"{definition}_{value}",
            "children": children or [],
        },
    }


def simple(definition: str, value: Any, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "@odata.type": f"{CONFIGURATION}SimpleSettingInstance",
        "settingDefinitionId": definition,
        "settingInstanceTemplateReference": None,
        "simpleSettingValue": {"@odata.type": f"{CONFIGURATION}{kind}SettingValue", "value": value, **more},
    }


def collection(definition: str, values: list[str]) -> dict[str, Any]:
    return {
        "@odata.type": f"{CONFIGURATION}SimpleSettingCollectionInstance",
        "settingDefinitionId": definition,
        "settingInstanceTemplateReference": None,
        "simpleSettingCollectionValue": [
            {"@odata.type": f"{CONFIGURATION}StringSettingValue", "value": value} for value in values
        ],
    }


def group(definition: str, children: list[Any]) -> dict[str, Any]:
    return {
        "@odata.type": f"{CONFIGURATION}GroupSettingCollectionInstance",
        "settingDefinitionId": definition,
        "settingInstanceTemplateReference": None,
        "groupSettingCollectionValue": [{"settingValueTemplateReference": None, "children": children}],
    }


def settings(build: Builder, area: str, count: int) -> list[dict[str, Any]]:
    """`count` settings: those of the area first, then numbered ones of it, in the kinds the catalog knows."""
    instances = []
    for number in range(count):
        names = AREAS[area]
        name = names[number] if number < len(names) else f"{names[number % len(names)]}_{number}"
        definition = f"device_vendor_msft_policy_config_{area}_{name}"
        instances.append(_instance(build, definition, number))
    return [{"id": str(number), "settingInstance": instance} for number, instance in enumerate(instances)]


def _instance(build: Builder, definition: str, number: int) -> dict[str, Any]:
    kind = number % 7
    if kind == 3:
        return simple(definition, build.random.randrange(1, 60), "Integer")
    if kind == 4:
        return simple(definition, f"https://intranet.{build.tenant.name.split()[0].lower()}.example/start", "String")
    if kind == 5:
        return collection(definition, ["C:\\Program Files\\Contoso ERP", "*.iso", "Grüße – “quoted”"])
    if kind == 6:
        return group(definition, [choice(f"{definition}_enabled", 1), simple(f"{definition}_limit", 30, "Integer")])
    return choice(
        definition, build.random.randrange(2), [simple(f"{definition}_detail", 5, "Integer")] if kind == 2 else None
    )


def add_catalog(build: Builder, count: int, sizes: tuple[int, ...]) -> None:
    """`count` policies; their numbers of settings take turns through `sizes`."""
    areas = list(AREAS)
    for number in range(count):
        area = areas[number % len(areas)]
        ring = RINGS[(number // len(areas)) % len(RINGS)]
        wave = number // (len(areas) * len(RINGS))
        name = f"WIN - {TITLES[area]} - {ring}" + (f" v{wave + 1}" if wave else "")
        add_policy(build, name, settings(build, area, sizes[number % len(sizes)]))


def add_policy(build: Builder, name: str, instances: list[dict[str, Any]], **properties: Any) -> dict[str, Any]:
    template = {"templateId": "", "templateFamily": "none", "templateDisplayName": None, "templateDisplayVersion": None}
    shape = {
        "platforms": "windows10",
        "technologies": "mdm",
        "templateReference": template,
        "creationSource": None,
        "priorityMetaData": None,
        "assignments": build.some_assignments(),
        **properties,
    }
    return build.add(
        f"{DM}/configurationPolicies",
        name,
        name_key="name",
        settings=instances,
        settingCount=len(instances),
        isAssigned=bool(shape["assignments"]),
        **shape,
    )


def add_awkward(build: Builder) -> None:
    """Add what real tenants hold and tools trip over."""
    add_policy(build, "WIN - Everything in one policy", settings(build, "defender", 203))
    secret = simple(
        "device_vendor_msft_laps_policies_administratorpassword",
        "7c5b0b3e-opaque-token",
        "Secret",
        valueState="encryptedValueToken",
    )
    add_policy(build, "WIN - Kiosk auto-logon", [{"id": "0", "settingInstance": secret}])
    laps = choice("device_vendor_msft_laps_policies_backupdirectory", 1)
    laps["settingInstanceTemplateReference"] = {"settingInstanceTemplateId": "a3270f64-e493-499d-8900-90290f61ed8a"}
    laps["choiceSettingValue"]["settingValueTemplateReference"] = {
        "settingValueTemplateId": "4d90f03d-e14c-43c4-86da-681da96a2f92",
        "useTemplateDefault": False,
    }
    add_policy(
        build,
        "Endpoint security: LAPS",
        [{"id": "0", "settingInstance": laps}],
        templateReference={
            "templateId": "adc46e5a-f4aa-4ff6-aeff-4f27bc525796_1",
            "templateFamily": "endpointSecurityAccountProtection",
            "templateDisplayName": "Local admin password solution (Windows LAPS)",
            "templateDisplayVersion": "Version 1",
        },
    )
    pilot = build.to_group("SG-Intune-Windows-Pilot")
    for name in (
        "O'Brien's laptop <b>test</b>",
        " Leading and trailing ",
        'WIN / Edge: 50% "strict" – ü',
        "Same name",
        "Same name",
    ):
        add_policy(build, name, settings(build, "privacy", 4), assignments=[dict(pilot)])
