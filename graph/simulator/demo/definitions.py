"""Names for the settings of the demo tenants: made up in the shapes of the service, plausible, the same each time.

The settings themselves are graph/simulator/demo/catalog.py's, and so is the rule by which their kinds follow.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from graph.simulator.demo.builder import DM, TYPE
from graph.simulator.demo.catalog import AREAS, CONFIGURATION, TITLES
from graph.simulator.store import catalogue
from graph.simulator.store.catalogue import Definition

# As many settings as the largest policy of the demo has of one area; the largest of all is of one area alone.
_NUMBERED = {"defender": 203}
_USUAL = 40
_VERSION = "638951450276131607"
_PREFIX = "device_vendor_msft_policy_config_"
_ROOT = "Windows components"
# Names in ids -> as the portal writes them.
_NAMES = {
    "allowrealtimemonitoring": "Allow Realtime Monitoring", "allowbehaviormonitoring": "Allow Behavior Monitoring",
    "allowcloudprotection": "Allow Cloud Protection", "allowemailscanning": "Allow Email Scanning",
    "allowscriptscanning": "Allow Script Scanning", "puaprotection": "PUA Protection",
    "checkforsignaturesbeforerunningscan": "Check For Signatures Before Running Scan",
    "enablenetworkprotection": "Enable Network Protection", "cloudblocklevel": "Cloud Block Level",
    "cloudextendedtimeout": "Cloud Extended Timeout", "submitsamplesconsent": "Submit Samples Consent",
    "signatureupdateinterval": "Signature Update Interval", "requiredeviceencryption": "Require Device Encryption",
    "allowwarningforotherdiskencryption": "Allow Warning For Other Disk Encryption",
    "systemdrivesrequirestartupauthentication": "Require additional authentication at startup",
    "systemdrivesrecoveryoptions": "Choose how BitLocker-protected operating system drives can be recovered",
    "fixeddrivesrecoveryoptions": "Choose how BitLocker-protected fixed drives can be recovered",
    "removabledrivesrequireencryption": "Deny write access to removable drives not protected by BitLocker",
    "allowautoupdate": "Allow Auto Update",
    "deferqualityupdatesperiodindays": "Defer Quality Updates Period In Days",
    "deferfeatureupdatesperiodindays": "Defer Feature Updates Period In Days",
    "engagedrestartdeadline": "Engaged Restart Deadline",
    "configuredeadlinegraceperiod": "Configure Deadline Grace Period", "managepreviewbuilds": "Manage preview builds",
    "allowmuupdateservice": "Allow MU Update Service", "activehoursstart": "Active Hours Start",
    "allowsmartscreen": "Allow SmartScreen",
    "preventsmartscreenpromptoverride": "Prevent SmartScreen Prompt Override",
    "allowpasswordmanager": "Allow Password Manager", "allowdonottrack": "Allow Do Not Track",
    "allowpopups": "Allow Popups", "homepages": "Home Pages", "configurehomebutton": "Configure Home Button",
    "allowautofill": "Allow Autofill", "syncfavorites": "Sync Favorites Between IE And Microsoft Edge",
    "lockdownfavorites": "Lockdown Favorites", "devicepasswordenabled": "Device Password Enabled",
    "mindevicepasswordlength": "Min Device Password Length",
    "maxinactivitytimedevicelock": "Max Inactivity Time Device Lock",
    "devicepasswordhistory": "Device Password History",
    "alphanumericdevicepasswordrequired": "Alphanumeric Device Password Required",
    "maxdevicepasswordfailedattempts": "Max Device Password Failed Attempts",
    "devicepasswordexpiration": "Device Password Expiration", "allowcortana": "Allow Cortana",
    "allowwindowsspotlight": "Allow Windows Spotlight (User)", "allowfindmydevice": "Allow Find My Device",
    "donotshowfeedbacknotifications": "Do Not Show Feedback Notifications",
    "allowwindowsconsumerfeatures": "Allow Windows Consumer Features",
    "allowthirdpartysuggestionsinwindowsspotlight": "Allow Third Party Suggestions In Windows Spotlight (User)",
    "allowtailoredexperiences": "Allow Tailored Experiences With Diagnostic Data (User)",
    "letappsaccesscamera": "Let Apps Access Camera", "letappsaccessmicrophone": "Let Apps Access Microphone",
    "letappsaccesslocation": "Let Apps Access Location", "disableadvertisingid": "Disable Advertising Id",
    "letappsaccesscontacts": "Let Apps Access Contacts", "letappsaccesscalendar": "Let Apps Access Calendar",
    "publishuseractivities": "Publish User Activities", "enableactivityfeed": "Enable Activity Feed",
    "accounts_enableguestaccountstatus": "Accounts Enable Guest Account Status",
    "interactivelogon_donotdisplaylastsignedin": "Interactive Logon Do Not Display Last Signed In",
    "interactivelogon_machineinactivitylimit": "Interactive Logon Machine Inactivity Limit",
    "networksecurity_lanmanagerauthenticationlevel": "Network Security LAN Manager Authentication Level",
    "useraccountcontrol_runalladministratorsinadminapprovalmode":
        "User Account Control Run All Administrators In Admin Approval Mode",
    "accounts_renameadministratoraccount": "Accounts Rename Administrator Account",
}  # fmt: skip
# What the service answers to who asks in German, of a few.
_GERMAN = {
    "Let Apps Access Camera": "Apps den Zugriff auf die Kamera erlauben", "Allowed": "Zugelassen",
    "Not allowed": "Nicht zugelassen", "Enabled": "Aktiviert", "Privacy": "Datenschutz", "Limit": "Grenzwert",
    "Allow Realtime Monitoring": "Echtzeitüberwachung zulassen", "Device lock": "Gerätesperre",
    "Windows Update": "Windows-Update",
}  # fmt: skip
# Names of options, for an id's choices.
_SWITCH = ("Not allowed", "Allowed")


def add_all() -> None:
    """Have the service know what the demo's settings are called."""
    for path, definitions in _made_up().items():
        catalogue.add(path, definitions)


@cache
def _made_up() -> dict[str, list[Definition]]:
    return {
        f"{DM}/configurationSettings": [*_of_areas(), *_of_others()],
        f"{DM}/configurationCategories": list(_categories()),
        f"{DM}/complianceSettings": [
            _choice("linux_deviceencryption_required", "Require device encryption", "", ("Not configured", "True")),
            _simple("linux_customcompliance_discoveryscript", "Select your discovery script", "", "String"),
        ],
        f"{DM}/reusableSettings": [
            _simple("linux_customcompliance_discoveryscript_reusablesetting", "Discovery script", "", "String")
        ],
        f"{DM}/inventorySettings": [_choice("inventory_battery", "Battery", "", ("Do not collect", "Collect"))],
        f"{DM}/settingDefinitions": list(_of_intents()),
    }


def _of_areas() -> Iterator[Definition]:
    for area, names in AREAS.items():
        for number in range(_NUMBERED.get(area, _USUAL)):
            name = names[number % len(names)]
            suffix, numbered = (f"_{number}", f" ({number})") if number >= len(names) else ("", "")
            yield from _setting(f"{_PREFIX}{area}_{name}{suffix}", f"{_NAMES[name]}{numbered}", _category(area), number)


def _setting(definition_id: str, title: str, category_id: str, number: int) -> Iterator[Definition]:
    """Yield a setting of the kind that catalog._instance gives to its number, and its children."""
    kind = number % 7
    if kind == 3:
        yield _simple(definition_id, title, category_id, "Integer")
    elif kind in (4, 5):
        yield _simple(definition_id, title, category_id, "String", is_list=kind == 5)
    elif kind == 6:
        yield _definition("SettingGroupCollection", definition_id, title, category_id) | {
            "childIds": [f"{definition_id}_enabled", f"{definition_id}_limit"], "maximumCount": 1, "minimumCount": 0
        }  # fmt: skip
        yield _choice(f"{definition_id}_enabled", "Enabled", category_id)
        yield _simple(f"{definition_id}_limit", "Limit", category_id, "Integer")
    else:
        yield _choice(definition_id, title, category_id)
        if kind == 2:
            yield _simple(f"{definition_id}_detail", "Detail", category_id, "Integer")


def _of_others() -> Iterator[Definition]:
    laps = "device_vendor_msft_laps_policies_"
    yield _choice(f"{laps}backupdirectory", "Backup Directory", _guid("laps"), ("Disabled (password will not be backed up)",
                  "Backup the password to Microsoft Entra ID only"))  # fmt: skip
    yield _simple(f"{laps}administratorpassword", "Administrator Password", _guid("laps"), "String", is_secret=True)
    yield _choice("enrollment_autopilot_dpp_accountype", "User account type", "", ("Standard User", "Administrator"))
    yield _simple("enrollment_ade_department", "Department", "", "String")


def _of_intents() -> Iterator[Definition]:
    prefix = "deviceConfiguration--windows10EndpointProtectionConfiguration_"
    for family, title in (("firewall", "Firewall"), ("defender", "Defender")):
        for name, words in (("BlockStatefulFTP", "Block stateful FTP"), ("Enabled", "Enable"),
                            ("LogDropped", "Log dropped packets")):  # fmt: skip
            yield {
                "@odata.type": f"{TYPE}deviceManagementSettingDefinition", "id": f"{prefix}{family}{name}",
                "valueType": "boolean", "displayName": f"{title}: {words}", "isTopLevel": True,
                "description": f"{words} of {title}.", "documentationUrl": None, "headerTitle": None,
                "headerSubtitle": None, "keywords": [], "placeholderText": None, "constraints": [], "dependencies": [],
            }  # fmt: skip


def template_categories() -> list[Definition]:
    """Return the categories of the demo's template of intents, each with its definitions."""
    return [
        {"id": _guid(f"intent {title}"), "displayName": title, "hasRequiredSetting": False,
         "settingDefinitions": [each for each in _of_intents() if each["displayName"].startswith(title)]}
        for title in ("Firewall", "Defender")
    ]  # fmt: skip


def _categories() -> Iterator[Definition]:
    root = _guid(_ROOT)
    yield _category_object(root, _ROOT, root, [_category(area) for area in AREAS])
    for area in AREAS:
        yield _category_object(_category(area), TITLES[area], root, [])
    yield _category_object(_guid("laps"), "LAPS", root, [])


def _category_object(category_id: str, title: str, root: str, children: list[str]) -> Definition:
    return {
        "id": category_id, "name": None, "displayName": title, "description": title, "categoryDescription": None,
        "helpText": None, "platforms": "windows10", "technologies": "mdm", "settingUsage": "configuration",
        "parentCategoryId": root, "rootCategoryId": root, "childCategoryIds": children, **_german({"displayName": title}),
    }  # fmt: skip


def _category(area: str) -> str:
    return _guid(f"category {area}")


def _guid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"definitions of the demo: {name}"))


def _definition(kind: str, definition_id: str, title: str, category_id: str) -> Definition:
    return {
        "@odata.type": f"{CONFIGURATION}{kind}Definition", "accessTypes": "none", "keywords": [], "infoUrls": [],
        "occurrence": None, "baseUri": "./Device/Vendor/MSFT", "offsetUri": definition_id.rpartition("_")[2],
        "rootDefinitionId": definition_id, "categoryId": category_id, "settingUsage": "configuration",
        "uxBehavior": "default", "visibility": "settingsCatalog,template", "riskLevel": "low", "id": definition_id,
        "description": f"{title}, as this policy sets it.", "helpText": "", "name": title.replace(" ", ""),
        "displayName": title, "version": _VERSION, "referredSettingInformationList": [],
        "applicability": {"description": None, "platform": "windows10", "deviceMode": "none", "technologies": "mdm"},
        **_german({"displayName": title}),
    }  # fmt: skip


def _choice(definition_id: str, title: str, category_id: str, names: tuple[str, ...] = _SWITCH) -> Definition:
    options = [
        {"itemId": f"{definition_id}_{number}", "name": name, "displayName": name, "description": None, "helpText": None,
         "optionValue": {"@odata.type": f"{CONFIGURATION}IntegerSettingValue", "value": number,
                         "settingValueTemplateReference": None},
         "dependentOn": [], "dependedOnBy": [], **_german({"displayName": name})}
        for number, name in enumerate(names)
    ]  # fmt: skip
    own = _definition("ChoiceSetting", definition_id, title, category_id)
    return {**own, "options": options, "defaultOptionId": options[0]["itemId"]}


def _simple(
    definition_id: str, title: str, category_id: str, kind: str, *, is_list: bool = False, is_secret: bool = False
) -> Definition:
    bounds: dict[str, Any] = (
        {"minimumValue": 0, "maximumValue": 999}
        if kind == "Integer"
        else {"minimumLength": 0, "maximumLength": 87516, "format": "none", "inputValidationSchema": None,
              "isSecret": is_secret, "fileTypes": []}
    )  # fmt: skip
    own = _definition("SimpleSettingCollection" if is_list else "SimpleSetting", definition_id, title, category_id)
    value = {"@odata.type": f"{CONFIGURATION}{kind}SettingValueDefinition", **bounds}
    return {**own, "valueDefinition": value, "dependentOn": [], "dependedOnBy": []}


def _german(texts: dict[str, str]) -> Definition:
    """Return what the service says to who asks in German: graph/simulator/reads/definitions.py."""
    known = {name: _GERMAN[text] for name, text in texts.items() if text in _GERMAN}
    return {"_in": {"de": known}} if known else {}
