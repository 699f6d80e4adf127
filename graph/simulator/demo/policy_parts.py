"""An example of each part that policies have beside their bodies, so that whatever is tried with a demo tenant has
it.
"""

from typing import Any

from graph.simulator.demo.builder import DAM, DM, TYPE, Builder
from graph.simulator.demo.catalog import choice, simple
from graph.simulator.features.app_parts import CATEGORIES
from graph.simulator.features.enrollment_notifications import NAME
from graph.simulator.features.enrollment_policies import DEVICE_GROUPS

TEMPLATES = f"{DM}/notificationMessageTemplates"
CONFIGURATIONS = f"{DM}/deviceConfigurations"


def add_all(build: Builder) -> None:
    _apps(build)
    _drivers(build)
    _notification(build)
    _enrollment_policies(build)
    _links(build)


def _apps(build: Builder) -> None:
    """A featured web clip in a category; an app that needs another one, and stands for an older one."""
    category = next(iter(build.tenant.collections.get(CATEGORIES, {}).values()), None) or build.tenant.put(
        CATEGORIES, {"id": build.guid("category"), "displayName": "Productivity", "lastModifiedDateTime": build.time()}
    )
    icon = {"@odata.type": f"{TYPE}mimeContent", "type": "image/png", "value": "aWNvbiBvZiB0aGUgcG9ydGFs"}
    state: dict[str, Any] = {"publisher": "IT", "publishingState": "published", "uploadState": 1, "isAssigned": False,
                             "dependentAppCount": 0, "supersedingAppCount": 0, "assignments": []}  # fmt: skip
    build.add(f"{DAM}/mobileApps", "Portal", appUrl="https://portal.example", useManagedBrowser=False, isFeatured=True,
              largeIcon=icon, categories=[{name: category[name] for name in ("id", "displayName")}], **state,
              **{"@odata.type": f"{TYPE}iosiPadOSWebClip"})  # fmt: skip
    runtime, old, app = (
        build.add(f"{DAM}/mobileApps", name, packageIdentifier=package, isFeatured=False, largeIcon=None, categories=[],
                  **state, **{"@odata.type": f"{TYPE}winGetApp"})
        for name, package in (("Runtime", "example.runtime"), ("Field app 1", "example.field1"), ("Field app 2", "example.field2"))
    )  # fmt: skip
    app["relationships"] = [
        {"@odata.type": f"{TYPE}mobileApp{kind}", "id": f"{app['id']}_{to['id']}", "targetId": to["id"], name: value}
        for kind, to, name, value in (("Dependency", runtime, "dependencyType", "autoInstall"),
                                      ("Supersedence", old, "supersedenceType", "update"))
    ]  # fmt: skip
    app |= {"dependentAppCount": 1, "supersedingAppCount": 1}


def _drivers(build: Builder) -> None:
    inventory = [
        {"id": build.guid("driver", number), "name": name, "version": version, "manufacturer": "Example",
         "driverClass": "Firmware", "category": "recommended", "approvalStatus": status, "applicableDeviceCount": 7,
         "releaseDateTime": "2025-05-01T00:00:00Z",
         "deployDateTime": "2026-01-01T00:00:00Z" if status == "approved" else None}
        for number, (name, version, status) in enumerate((
            ("Example firmware", "1.2", "approved"), ("Example firmware", "1.3", "needsReview"),
            ("Example camera", "4.0", "declined"),
        ))
    ]  # fmt: skip
    build.add(f"{DM}/windowsDriverUpdateProfiles", "Drivers by hand", approvalType="manual", deviceReporting=None,
              newUpdates=1, deploymentDeferralInDays=None, inventorySyncStatus=None, driverInventories=inventory,
              assignments=[build.to_group("SG-Intune-Windows-Pilot")])  # fmt: skip


def _notification(build: Builder) -> None:
    names = []
    for kind, branding in (("Email", "includeCompanyLogo,includeContactInformation"), ("Push", "none")):
        template = build.add(TEMPLATES, NAME, brandingOptions=branding, defaultLocale="en-us")
        template["localizedNotificationMessages"] = [
            {"id": f"{template['id']}_{locale}", "lastModifiedDateTime": build.time(), "locale": locale,
             "subject": f"{kind}: {subject}", "messageTemplate": subject, "isDefault": locale == "en-us"}
            for locale, subject in (("en-us", "Your device was enrolled"), ("de-de", "Ihr Gerät wurde registriert"))
        ]  # fmt: skip
        names.append(f"{kind}_{template['id']}")
    build.add(f"{DM}/deviceEnrollmentConfigurations", "Welcome", suffix="_EnrollmentNotificationsConfiguration",
              priority=1, version=1, platformType="ios", templateType="0", brandingOptions="none", defaultLocale=None,
              notificationMessageTemplateId="00000000-0000-0000-0000-000000000000", notificationTemplates=names,
              deviceEnrollmentConfigurationType="enrollmentNotificationsConfiguration",
              assignments=[build.to_all_users()],
              **{"@odata.type": f"{TYPE}deviceEnrollmentNotificationConfiguration"})  # fmt: skip


def _enrollment_policies(build: Builder) -> None:
    path, tokens = f"{DM}/configurationPolicies", f"{DM}/depOnboardingSettings"
    token = next(iter(build.tenant.collections[tokens].values()))
    usual: dict[str, Any] = {"name_key": "name", "technologies": "enrollment", "settingCount": 1, "isAssigned": False,
                             "assignments": []}  # fmt: skip
    policy = build.add(path, "Device preparation", platforms="windows10", creationSource=None, priorityMetaData={"priority": 1},
              templateReference=_template("80d33118-b7b4-40d8-b15f-81be745e053f_1"),
              settings=[_setting(choice("enrollment_autopilot_dpp_accountype", 0))],
              **usual)  # fmt: skip
    targets = [{"targetType": "staticSecurityGroup", "targetId": build.group("SG-Autopilot-Devices")}]
    build.tenant.put(DEVICE_GROUPS, {"id": policy["id"], "targets": targets})
    apple = build.add(path, "iPhone by token", platforms="iOS", creationSource=f"DepTokenId_{token['id']}",
                      priorityMetaData={"priority": 2}, templateReference=_template("dc6e8d41-5a1c-4f1e-9c53-2b1f0d7d1f4b_1"),
                      settings=[_setting(simple("enrollment_ade_department", "IT", "String"))], **usual)  # fmt: skip
    token["defaultIosEnrollmentProfile"] = {"id": f"{token['id']}_{apple['id']}"}
    for profile in token["enrollmentProfiles"]:
        profile["isDefault"] = profile is token["enrollmentProfiles"][-1]


def _template(template_id: str) -> dict[str, Any]:
    return {"templateId": template_id, "templateFamily": "enrollmentConfiguration", "templateDisplayName": "Enrollment",
            "templateDisplayVersion": "Version 1"}  # fmt: skip


def _setting(instance: dict[str, Any]) -> dict[str, Any]:
    return {"id": "0", "settingInstance": instance}


def _links(build: Builder) -> None:
    """Certificates that subtypes name each in their own way, derived credentials, and what joins a domain."""

    def add(kind: str, name: str, **more: Any) -> dict[str, Any]:
        configuration = build.add(CONFIGURATIONS, name, version=1, assignments=[], supportsScopeTags=True,
                         **{"@odata.type": TYPE + kind}, **more)  # fmt: skip
        return {name: configuration[name] for name in ("id", "displayName", "@odata.type")}

    file = {"certFileName": "root.cer", "trustedRootCertificate": "bm90IGEgcmVhbCBvbmU="}
    aosp = add("aospDeviceOwnerTrustedRootCertificate", "Root CA (AOSP)", **file)
    add("aospDeviceOwnerEnterpriseWiFiConfiguration", "Wi-Fi (AOSP)", networkName="corp", ssid="corp", eapType="eapTls",
        rootCertificateForServerValidation=aosp)  # fmt: skip
    mac = add("macOSTrustedRootCertificate", "Root CA (Mac)", **file)
    add("macOSWiredNetworkConfiguration", "Wired (Mac)", networkName="wired", eapType="eapTls",
        rootCertificateForServerValidation=mac)  # fmt: skip
    credentials = build.tenant.put(
        f"{DM}/derivedCredentials",
        {"id": build.guid("derived"), "displayName": "Smart cards", "issuer": "entrustDatacard",
         "helpUrl": "https://help.example", "notificationType": "companyPortal", "renewalThresholdPercentage": 20},
    )  # fmt: skip
    add("iosEnterpriseWiFiConfiguration", "Wi-Fi (smart cards)", networkName="corp", ssid="corp", eapType="eapTls",
        derivedCredentialSettings={name: credentials[name] for name in ("id", "displayName")})  # fmt: skip
    wifi = add("windowsWifiConfiguration", "Wi-Fi before sign-in", ssid="corp", networkName="corp")
    join = add("windowsDomainJoinConfiguration", "Join the domain", activeDirectoryDomainName="corp.example",
               computerNameStaticPrefix="PC", computerNameSuffixRandomCharCount=5,
               networkAccessConfigurations=[wifi])  # fmt: skip
    build.add(f"{DM}/windowsAutopilotDeploymentProfiles", "Hybrid joined", locale="os-default", language="os-default",
              deviceNameTemplate="", deviceType="windowsPc", managementServiceAppId=None, enableWhiteGlove=False,
              preprovisioningAllowed=False, hybridAzureADJoinSkipConnectivityCheck=True, assignments=[],
              domainJoinConfiguration=join, outOfBoxExperienceSettings=None,
              **{"@odata.type": f"{TYPE}activeDirectoryWindowsAutopilotDeploymentProfile"})  # fmt: skip
