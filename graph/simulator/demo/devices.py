"""Every other Intune collection: a few believable objects of each, with the parts that are hard to back up."""

import base64
import struct
import zlib
from typing import Any

from graph.simulator.demo import apps
from graph.simulator.demo.builder import DM, TYPE, Builder, encoded
from graph.simulator.demo.catalog import choice, simple
from graph.simulator.demo.definitions import template_categories


def add_all(build: Builder) -> None:
    _tags_and_roles(build)
    template = _notifications(build)
    _scripts(build)
    _configurations(build)
    _administrative_templates(build)
    _compliance(build, template)
    _intents(build)
    _updates(build)
    _enrollment(build)
    _rest(build)
    apps.add_all(build)


def _tags_and_roles(build: Builder) -> None:
    for number, name in enumerate(("Default", "Berlin", "Vienna")):
        tag = {"id": str(number), "displayName": name, "description": "", "isBuiltIn": number == 0, "assignments": []}
        if number:
            tag["assignments"] = [{"id": f"{number}_0", **build.to_group("SG-IT-Department")}]
        build.tenant.put(f"{DM}/roleScopeTags", tag)
    allowed = ["Microsoft.Intune_Audit_Read", "Microsoft.Intune_ManagedDevices_Read"]
    permissions = [
        {
            "actions": allowed,
            "resourceActions": [{"allowedResourceActions": allowed, "notAllowedResourceActions": []}],
        }
    ]
    kind = {"@odata.type": f"{TYPE}deviceAndAppManagementRoleDefinition"}
    built_in = "fa1d7878-e8cb-41a1-8254-0142355c9f84"
    roles = {}
    for name, is_built_in in (("Read Only Operator", True), ("Helpdesk Berlin", False)):
        role = build.add(
            f"{DM}/roleDefinitions",
            name,
            plain=True,
            description="",
            isBuiltIn=is_built_in,
            isBuiltInRoleDefinition=is_built_in,
            roleScopeTagIds=["0"],
            permissions=permissions,
            rolePermissions=permissions,
            roleAssignments=[],
            **kind,
        )
        roles[name] = role
    build.tenant.collections[f"{DM}/roleDefinitions"].pop(roles["Read Only Operator"]["id"])
    build.tenant.put(f"{DM}/roleDefinitions", {**roles["Read Only Operator"], "id": built_in})
    build.add(
        f"{DM}/roleAssignments",
        "Helpdesk Berlin",
        plain=True,
        description="",
        members=[build.group("SG-IT-Department")],
        resourceScopes=[build.group("SG-Intune-Windows-Production")],
        scopeType="resourceScope",
        roleDefinition={"id": roles["Helpdesk Berlin"]["id"], "displayName": "Helpdesk Berlin"},
        roleScopeTags=[{"id": "1", "displayName": "Berlin"}],
        **{"@odata.type": f"{TYPE}deviceAndAppManagementRoleAssignment"},
    )


def _notifications(build: Builder) -> dict[str, Any]:
    template = build.add(
        f"{DM}/notificationMessageTemplates",
        "Device is not compliant",
        defaultLocale="en-us",
        brandingOptions="includeCompanyLogo,includeCompanyName",
    )
    template["localizedNotificationMessages"] = [
        {
            "id": f"{template['id']}_{locale}",
            "lastModifiedDateTime": build.time(),
            "locale": locale,
            "subject": subject,
            "messageTemplate": text,
            "isDefault": locale == "en-us",
        }
        for locale, subject, text in (
            ("en-us", "Please update your device", "Hello,\n\nyour device misses an update."),
            ("de-de", "Bitte Gerät aktualisieren", "Hallo,\n\nIhrem Gerät fehlt ein Update."),
        )
    ]
    return template


_POWERSHELL = "# Removes the consumer Teams client\nGet-AppxPackage -Name MicrosoftTeams | Remove-AppxPackage\r\n"
_SHELL = "#!/bin/zsh\n# Sets the time zone of the office\nsudo systemsetup -settimezone Europe/Vienna\n"
_DETECT = "if ((Get-Service wuauserv).Status -ne 'Running') { exit 1 }\nexit 0\n"
_MEND = "Start-Service wuauserv\n"


def _scripts(build: Builder) -> None:
    windows = {"enforceSignatureCheck": False, "runAs32Bit": False, "runAsAccount": "system"}
    build.add(f"{DM}/deviceManagementScripts", "Remove consumer Teams", scriptContent=encoded(_POWERSHELL),
              fileName="remove-teams.ps1", assignments=[build.to_group("SG-Intune-Windows-Pilot")], **windows)  # fmt: skip
    mac = {"executionFrequency": "PT0S", "retryCount": 3, "blockExecutionNotifications": True, "runAsAccount": "system"}
    build.add(f"{DM}/deviceShellScripts", "Set time zone", scriptContent=encoded(_SHELL), fileName="tz.sh",
              assignments=[build.to_group("SG-Intune-macOS")], **mac)  # fmt: skip
    build.add(f"{DM}/deviceCustomAttributeShellScripts", "Battery cycles", customAttributeName="Battery cycles",
              customAttributeType="integer", scriptContent=encoded("#!/bin/sh\nioreg -l | grep CycleCount\n"),
              fileName="battery.sh", runAsAccount="system", assignments=[build.to_group("SG-Intune-macOS")])  # fmt: skip
    schedule = {"@odata.type": f"{TYPE}deviceHealthScriptDailySchedule", "interval": 1, "time": "09:00:00.0000000",
                "useUtc": True}  # fmt: skip
    for name, publisher, is_global in (
        ("Start Windows Update", "IT", False),
        ("Restart Office C2R", "Microsoft", True),
    ):
        assigned = {
            **build.to_group("SG-Intune-Windows-Production"),
            "runRemediationScript": True,
            "runSchedule": schedule,
        }
        build.add(f"{DM}/deviceHealthScripts", name, publisher=publisher, version="1.0", isGlobalScript=is_global,
                  highestAvailableVersion=None, deviceHealthScriptType="deviceHealthScript",
                  detectionScriptContent=encoded(_DETECT), remediationScriptContent=encoded(_MEND),
                  detectionScriptParameters=[], remediationScriptParameters=[],
                  assignments=[] if is_global else [assigned], **windows)  # fmt: skip
    build.add(f"{DM}/deviceComplianceScripts", "Firewall of a third party", publisher="IT", version="1",
              detectionScriptContent=encoded("@{ Firewall = $true } | ConvertTo-Json -Compress\n"),
              assignments=[], **windows)  # fmt: skip


def _configurations(build: Builder) -> None:
    path = f"{DM}/deviceConfigurations"

    def add(kind: str, name: str, **properties: Any) -> dict[str, Any]:
        return build.add(path, name, supportsScopeTags=True, version=1, assignments=build.some_assignments(),
                         **{"@odata.type": TYPE + kind}, **properties)  # fmt: skip

    custom = add("windows10CustomConfiguration", "WIN - Custom - VPN and telemetry")
    custom["omaSettings"] = [
        _oma(custom["id"], "Telemetry", "./Device/Vendor/MSFT/Policy/Config/System/AllowTelemetry", "Integer", 1),
        _oma(custom["id"], "VPN secret", "./Vendor/MSFT/VPNv2/Office/PluginProfile/SharedSecret", "String",
             f"vpn-shared-secret-of-{build.tenant.name.split()[0].lower()}", secret=True),
        _oma(custom["id"], "Start layout", "./Vendor/MSFT/Policy/Config/Start/StartLayout", "StringXml",
             encoded("<LayoutModificationTemplate/>"), secret=True),
    ]  # fmt: skip
    add("windows10GeneralConfiguration", "WIN - Device restrictions", passwordRequired=True, passwordMinimumLength=10,
        cameraBlocked=False, privacyAccessControls=[{"accessLevel": "forceDeny", "appDisplayName": "Camera",
        "dataCategory": "camera"}])  # fmt: skip
    for ring, days in (("Pilot", 0), ("Broad", 7)):
        add("windowsUpdateForBusinessConfiguration", f"Update ring - {ring}", qualityUpdatesDeferralPeriodInDays=days,
            featureUpdatesDeferralPeriodInDays=days * 2, qualityUpdatesPaused=False, featureUpdatesPaused=False,
            qualityUpdatesPauseExpiryDateTime="0001-01-01T00:00:00Z", automaticUpdateMode="autoInstallAtMaintenanceTime",
            installationSchedule={"@odata.type": f"{TYPE}windowsUpdateActiveHoursInstall",
                                  "activeHoursStart": "08:00:00.0000000", "activeHoursEnd": "17:00:00.0000000"})  # fmt: skip
    add("iosUpdateConfiguration", "iOS updates at night", activeHoursStart="22:00:00.0000000",
        activeHoursEnd="05:00:00.0000000", scheduledInstallDays=["sunday"])  # fmt: skip
    root = add("windows81TrustedRootCertificate", "Root CA", certFileName="root.cer", destinationStore="computerCertStoreRoot",
               trustedRootCertificate=encoded("not a real certificate"))  # fmt: skip
    reference = {"id": root["id"], "displayName": "Root CA", "@odata.type": f"{TYPE}windows81TrustedRootCertificate"}
    scep = add("windows81SCEPCertificateProfile", "SCEP device certificate", scepServerUrls=["https://scep.example/certsrv"],
               keySize="size2048", rootCertificate=reference)  # fmt: skip
    identity = {name: scep[name] for name in ("id", "displayName", "@odata.type")}
    add("windowsWifiEnterpriseEAPConfiguration", "Wi-Fi Office", ssid="OFFICE", eapType="eapTls", networkName="Office",
        rootCertificatesForServerValidation=[reference], identityCertificateForClientAuthentication=identity)  # fmt: skip
    add("windowsWifiConfiguration", "Wi-Fi Guests", ssid="GUESTS", wifiSecurityType="wpa2Personal",
        preSharedKey=None)  # fmt: skip
    add("windows10VpnConfiguration", "VPN Office", connectionName="Office", identityCertificate=identity,
        servers=[{"description": "Main", "address": "vpn.example", "isDefaultServer": True}])  # fmt: skip
    add("macOSCustomConfiguration", "macOS - Dock", payloadName="Dock", payloadFileName="dock.mobileconfig",
        payload=encoded("<?xml version='1.0'?><plist><dict><key>autohide</key><true/></dict></plist>"))  # fmt: skip
    add("iosGeneralDeviceConfiguration", "iOS - Restrictions", cameraBlocked=False, passcodeRequired=True)


def _oma(owner: str, name: str, uri: str, kind: str, value: Any, secret: bool = False) -> dict[str, Any]:
    return {
        "@odata.type": f"{TYPE}omaSetting{kind}",
        "displayName": name,
        "description": None,
        "omaUri": uri,
        "secretReferenceValueId": f"{owner}_{name.replace(' ', '')}_0" if secret else None,
        "isEncrypted": secret,
        "value": value,
    }


def _administrative_templates(build: Builder) -> None:
    for name, ingestion in (("OneDrive - Known folders", "builtIn"), ("Citrix Workspace", "custom")):
        policy = build.add(f"{DM}/groupPolicyConfigurations", name, policyConfigurationIngestionType=ingestion,
                         assignments=build.some_assignments())  # fmt: skip
        policy["definitionValues"] = [_definition(build, ingestion, number) for number in range(3)]
    build.add(f"{DM}/groupPolicyUploadedDefinitionFiles", "receiver.admx", name_key="fileName", plain=True,
              status="available", languageCodes=["en-US"], targetPrefix="receiver", policyType="admxIngested",
              targetNamespace="Citrix.Policies.Receiver", revision="1.0", uploadDateTime=build.time(),
              lastModifiedDateTime=build.time(), defaultLanguageCode="en-US")  # fmt: skip


_DEFINITIONS = ("Silently move known folders", "Limit the upload rate", "Exclude file types from sync")


def _definition(build: Builder, ingestion: str, number: int) -> dict[str, Any]:
    time = build.time()
    values: list[tuple[str, str, dict[str, Any]]] = [
        ("Text", "TextBox", {"value": build.tenant.directory_id}),
        ("Decimal", "DecimalTextBox", {"value": 70}),
        ("List", "ListBox", {"values": [{"name": "*.pst", "value": None}, {"name": "*.tmp", "value": None}]}),
    ]
    kind, box, value = values[number]
    presentation: dict[str, Any] = {"@odata.type": f"{TYPE}groupPolicyPresentation{box}", "label": f"{kind} value",
                    "id": build.guid("presentation", ingestion, number)}  # fmt: skip
    if kind != "List":
        presentation["required"] = True
    return {
        "id": build.guid("definition value", ingestion, number),
        "createdDateTime": time,
        "lastModifiedDateTime": time,
        "enabled": number != 2 or ingestion == "builtIn",
        "configurationType": "policy",
        "definition": {
            "id": build.guid("definition", ingestion, number),
            "classType": "machine",
            "displayName": _DEFINITIONS[number],
            "explainText": "This setting lets you …",
            "categoryPath": "\\OneDrive" if ingestion == "builtIn" else "\\Citrix Components",
            "supportedOn": "At least Windows 10",
            "policyType": "admxBacked" if ingestion == "builtIn" else "admxIngested",
            "lastModifiedDateTime": time,
        },
        "presentationValues": [
            {"@odata.type": f"{TYPE}groupPolicyPresentationValue{kind}", "id": build.guid("pv", ingestion, number),
             "createdDateTime": time, "lastModifiedDateTime": time, "presentation": presentation, **value}
        ],
    }  # fmt: skip


def _actions(build: Builder, owner: str, template: str) -> list[dict[str, Any]]:
    steps = (("block", 0, "00000000-0000-0000-0000-000000000000"), ("notification", 24, template))
    configurations = [
        {"id": build.guid("action", owner, action), "gracePeriodHours": hours, "actionType": action,
         "notificationTemplateId": used, "notificationMessageCCList": [build.group("SG-IT-Department")] if hours else []}
        for action, hours, used in steps
    ]  # fmt: skip
    return [{"id": owner, "ruleName": "PasswordRequired", "scheduledActionConfigurations": configurations}]


def _compliance(build: Builder, template: dict[str, Any]) -> None:
    script = next(iter(build.tenant.collections[f"{DM}/deviceComplianceScripts"]))
    custom = {"deviceComplianceScriptId": script, "rulesContent": encoded('{"Rules":[]}')}
    for kind, name, more in (
        (
            "windows10CompliancePolicy",
            "Windows - Baseline",
            {"bitLockerEnabled": True, "osMinimumVersion": "10.0.22631"},
        ),
        ("windows10CompliancePolicy", "Windows - Custom firewall", {"deviceCompliancePolicyScript": custom}),
        ("iosCompliancePolicy", "iOS - Baseline", {"passcodeRequired": True}),
        ("androidWorkProfileCompliancePolicy", "Android - Work profile", {"passwordRequired": True}),
        ("macOSCompliancePolicy", "macOS - Baseline", {"storageRequireEncryption": True}),
    ):
        policy = build.add(f"{DM}/deviceCompliancePolicies", name, version=2, assignments=build.some_assignments(),
                         **{"@odata.type": TYPE + kind}, **more)  # fmt: skip
        policy["scheduledActionsForRule"] = _actions(build, policy["id"], template["id"])
    discovery = "linux_customcompliance_discoveryscript"
    reusable = build.add(
        f"{DM}/reusablePolicySettings",
        "Linux discovery script",
        settingDefinitionId=f"{discovery}_reusablesetting",
        settingInstance=simple(f"{discovery}_reusablesetting", encoded("#!/bin/sh\necho {}\n"), "String"),
        version=1,
        referencingConfigurationPolicyCount=1,
    )
    instances = [choice("linux_deviceencryption_required", 1), simple(discovery, reusable["id"], "Reference")]
    linux = build.add(f"{DM}/compliancePolicies", "Linux - Baseline", name_key="name", platforms="linux",
                      technologies="linuxMdm", creationSource=None, settingCount=2, isAssigned=True,
                      settings=[{"id": str(n), "settingInstance": instance} for n, instance in enumerate(instances)],
                      assignments=[build.to_all_users()])  # fmt: skip
    linux["scheduledActionsForRule"] = _actions(build, linux["id"], template["id"])


def _intents(build: Builder) -> None:
    template = "c53e5a9f-2eec-4175-98a1-2b3d38084b91"
    build.tenant.put(f"{DM}/templates", {"id": template, "displayName": "Windows Firewall", "isDeprecated": False,
                                         "templateType": "securityTemplate",
                                         "categories": template_categories()})  # fmt: skip
    for name, family in (("Firewall (old)", "firewall"), ("Security baseline 2021", "defender")):
        prefix = f"deviceConfiguration--windows10EndpointProtectionConfiguration_{family}"
        settings: list[dict[str, Any]] = [
            {"@odata.type": f"{TYPE}deviceManagementBooleanSettingInstance", "id": build.guid(name, number),
             "definitionId": f"{prefix}{setting}", "valueJson": "true", "value": True}
            for number, setting in enumerate(("BlockStatefulFTP", "Enabled", "LogDropped"))
        ]  # fmt: skip
        build.add(f"{DM}/intents", name, isAssigned=True, isMigratingToConfigurationPolicy=False, settings=settings,
                  templateId=template, assignments=build.some_assignments())  # fmt: skip


def _updates(build: Builder) -> None:
    one = {"assignments": [build.to_group("SG-Intune-Windows-Pilot")]}
    build.add(f"{DM}/windowsFeatureUpdateProfiles", "Windows 11 24H2", featureUpdateVersion="Windows 11, version 24H2",
              deployableContentDisplayName="Windows 11, version 24H2", endOfSupportDate="2026-10-13T00:00:00Z",
              installLatestWindows10OnWindows11IneligibleDevice=False, installFeatureUpdatesOptional=False,
              rolloutSettings={"offerStartDateTimeInUTC": None, "offerEndDateTimeInUTC": None,
                               "offerIntervalInDays": None}, **one)  # fmt: skip
    build.add(f"{DM}/windowsQualityUpdateProfiles", "Expedite October", releaseDateDisplayName="10/14/2025 - 2025.10 B",
              deployableContentDisplayName="2025.10 B Security Updates", **one,
              expeditedUpdateSettings={"qualityUpdateRelease": "2025-10-14T00:00:00Z", "daysUntilForcedReboot": 2})  # fmt: skip
    build.add(f"{DM}/windowsQualityUpdatePolicies", "Hotpatch", hotpatchEnabled=True, approvalSettings=[], **one)
    build.add(f"{DM}/windowsDriverUpdateProfiles", "Drivers", approvalType="automatic", deviceReporting=None,
              newUpdates=build.random.randrange(9), deploymentDeferralInDays=3, inventorySyncStatus=None, **one)  # fmt: skip


def _enrollment(build: Builder) -> None:
    path = f"{DM}/deviceEnrollmentConfigurations"
    page = {"showInstallationProgress": True, "installProgressTimeoutInMinutes": 60, "selectedMobileAppIds": []}
    platform = {"platformBlocked": False, "personalDeviceEnrollmentBlocked": True, "osMinimumVersion": "",
                "osMaximumVersion": "", "blockedManufacturers": [], "blockedSkus": []}  # fmt: skip
    default = "All users and all devices"
    rows: tuple[tuple[str, str, int, str, dict[str, Any]], ...] = (
        (default, "windows10EnrollmentCompletionPageConfiguration", 0, "DefaultWindows10EnrollmentCompletionPageConfiguration", page),
        ("ESP - Office", "windows10EnrollmentCompletionPageConfiguration", 1, "Windows10EnrollmentCompletionPageConfiguration", page),
        (default, "deviceEnrollmentLimitConfiguration", 0, "DefaultLimit", {"limit": 5}),
        ("Fifteen for IT", "deviceEnrollmentLimitConfiguration", 1, "Limit", {"limit": 15}),
        (default, "deviceEnrollmentPlatformRestrictionsConfiguration", 0, "DefaultPlatformRestrictions", {"iosRestriction": platform}),
        ("No personal iOS", "deviceEnrollmentPlatformRestrictionConfiguration", 1, "SinglePlatformRestriction",
         {"platformType": "ios", "platformRestriction": platform}),
        ("No personal Android", "deviceEnrollmentPlatformRestrictionConfiguration", 1, "SinglePlatformRestriction",
         {"platformType": "android", "platformRestriction": platform}),
        (default, "deviceEnrollmentWindowsHelloForBusinessConfiguration", 0, "DefaultWindowsHelloForBusiness",
         {"pinMinimumLength": 6, "state": "enabled"}),
    )  # fmt: skip
    for name, kind, priority, suffix, more in rows:
        assigned = [build.to_group("SG-IT-Department")] if priority else []
        form = suffix.removeprefix("Default")
        build.add(path, name, suffix=f"_{suffix}", priority=priority, version=1, assignments=assigned,
                  deviceEnrollmentConfigurationType=form[0].lower() + form[1:],
                  **{"@odata.type": TYPE + kind}, **more)  # fmt: skip
    experience = {
        "hidePrivacySettings": True,
        "hideEULA": True,
        "userType": "standard",
        "deviceUsageType": "singleUser",
    }
    build.add(f"{DM}/windowsAutopilotDeploymentProfiles", "AADJ user driven", locale="os-default", language="os-default",
              deviceNameTemplate="DT-%SERIAL%", deviceType="windowsPc", enableWhiteGlove=True, preprovisioningAllowed=True,
              managementServiceAppId=None, outOfBoxExperienceSettings=experience,
              assignments=[build.to_group("SG-Autopilot-Devices")],
              **{"@odata.type": f"{TYPE}azureADWindowsAutopilotDeploymentProfile"})  # fmt: skip
    build.add(f"{DM}/appleUserInitiatedEnrollmentProfiles", "iPhone user enrollment", plain=True, platform="iOS",
              priority=1, description="", defaultEnrollmentType="user", assignments=[build.to_all_users()])  # fmt: skip
    profiles = [{"@odata.type": f"{TYPE}depIOSEnrollmentProfile", "id": build.guid("dep profile", n), "displayName": name,
                 "description": "", "supervisedModeEnabled": True, "isMandatory": True}
                for n, name in enumerate(("iPad shared", "iPhone staff"))]  # fmt: skip
    build.add(f"{DM}/depOnboardingSettings", "Apple Business Manager", name_key="tokenName", plain=True,
              appleIdentifier="mdm@example.com", lastSyncTriggeredDateTime=build.time(), enrollmentProfiles=profiles)  # fmt: skip


def _rest(build: Builder) -> None:
    for name in ("Kiosk", "Warehouse scanner"):
        build.add(f"{DM}/deviceCategories", name, plain=True, description="", roleScopeTagIds=["0"])
    terms = build.add(f"{DM}/termsAndConditions", "Use of company devices", title="Terms of use", version=1,
                      bodyText="Company devices are for company work.", acceptanceStatement="I agree",
                      modifiedDateTime=build.time(), assignments=[build.to_all_users()])  # fmt: skip
    assert terms  # noqa: S101
    build.add(f"{DM}/hardwareConfigurations", "Dell BIOS", fileName="dell.cctk", hardwareConfigurationFormat="dell",
              configurationFileContent=encoded("[cctk]\nWakeOnLan=LanOnly\n"), perDevicePasswordDisabled=False,
              version=1, assignments=[build.to_group("SG-Intune-Windows-Pilot")])  # fmt: skip
    build.add(f"{DM}/inventoryPolicies", "Hardware inventory", name_key="name", platforms="windows10",
              technologies="mdm", settings=[{"id": "0", "settingInstance": choice("inventory_battery", 1)}],
              assignments=[build.to_all_devices()])  # fmt: skip
    image = {"type": "image/png", "value": png()}
    for name, is_default in (("Default Branding Profile", True), ("Branding Berlin", False)):
        build.add(
            f"{DM}/intuneBrandingProfiles", name, name_key="profileName", profileDescription="",
            isDefaultProfile=is_default, displayName=build.tenant.name, contactITName="Service desk",
            contactITPhoneNumber="+43 1 234", themeColor={"r": 0, "g": 114, "b": 198}, themeColorLogo=image,
            lightBackgroundLogo=image, landingPageCustomizedImage={"type": None, "value": None}, assignments=[])  # fmt: skip


def png() -> str:
    """A blue square of one pixel, made here: the demo carries no images."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\x00\x00\x72\xc6")
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return base64.b64encode(data).decode()
