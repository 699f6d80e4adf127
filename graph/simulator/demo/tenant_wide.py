"""Objects of a tenant as a whole: app categories, tenant-wide settings, terms of use, branding, Windows 365, Edge."""

from datetime import UTC, datetime, timedelta
from typing import Any

from graph.simulator.demo.builder import DAM, DM, TYPE, Builder, encoded
from graph.simulator.demo.devices import png
from graph.simulator.features.tenant_wide import add_settings, branding
from graph.simulator.model.collections import AGREEMENTS, BRANDING, CLOUD_PCS, SITE_LISTS, UPDATES


def add_all(build: Builder) -> None:
    _categories(build)
    _devices(build)
    _approval(build)
    _terms(build)
    _branding(build)
    _cloud_pcs(build)
    _sites(build)
    _autopatch(build)
    _what_runs_out(build)


def _what_runs_out(build: Builder) -> None:
    """Add certificates, tokens and connectors: one has ended, two end soon, one is silent. They are no policies."""
    build.tenant.put(
        f"{DM}/applePushNotificationCertificate",
        {
            "id": build.guid("apns"),
            "appleIdentifier": "mdm@example.com",
            "topicIdentifier": "com.apple.mgmt.External.1",
            "expirationDateTime": _in_days(12),
            "lastModifiedDateTime": build.time(),
            "certificateUploadStatus": None,
        },
    )
    build.tenant.put(
        f"{DM}/androidManagedStoreAccountEnterpriseSettings",
        {
            "id": "androidManagedStoreAccountEnterpriseSettings",
            "bindStatus": "boundAndValidated",
            "ownerOrganizationName": build.tenant.name,
            "ownerUserPrincipalName": "play@example.com",
        },
    )
    build.tenant.put(
        f"{DAM}/vppTokens",
        {
            "id": build.guid("vpp"),
            "displayName": "Apple Business",
            "organizationName": build.tenant.name,
            "expirationDateTime": _in_days(-3),
            "state": "expired",
            "token": "c2VjcmV0IG9mIEFwcGxl",
        },
    )
    build.tenant.put(f"{DM}/ndesConnectors", {
        "id": build.guid("ndes"), "displayName": "NDES01", "machineName": "NDES01", "state": "inactive",
        "lastConnectionDateTime": _in_days(-40)})  # fmt: skip


def _in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _categories(build: Builder) -> None:
    path = f"{DAM}/mobileAppCategories"
    for known, name in (("ed899483-3019-425e-a470-28e901b9790e", "Productivity"),
                        ("2b73ae71-12c8-49be-b462-3dae769ccd9d", "Business")):  # fmt: skip
        build.tenant.put(path, {"id": known, "displayName": name, "lastModifiedDateTime": "0001-01-01T00:00:00Z"})
    build.add(path, "Field service", plain=True, lastModifiedDateTime=build.time())


def _devices(build: Builder) -> None:
    build.add(
        f"{DM}/androidDeviceOwnerEnrollmentProfiles",
        "Shared Android devices",
        accountId=build.tenant.directory_id,
        enrollmentMode="corporateOwnedDedicatedDevice",
        enrollmentTokenType="default",
        enrolledDeviceCount=17,
        enrollmentTokenUsageCount=3,
        configureWifi=False,
        wifiSsid=None,
        wifiHidden=False,
        wifiSecurityType="none",
        wifiPassword=None,
        isTeamsDeviceProfile=False,
        deviceNameTemplate="AND-{{SERIAL}}",
        tokenValue="QWERTZUI",
        tokenCreationDateTime="2026-10-02T08:00:00Z",
        tokenExpirationDateTime="2026-12-31T08:00:00Z",
        qrCodeContent='{"android.app.extra.PROVISIONING_ADMIN_EXTRAS_BUNDLE":"QWERTZUI"}',
        qrCodeImage=None,
    )
    build.add(f"{DM}/managedDeviceCleanupRules", "Forgotten Windows devices", plain=True, description="",
              deviceCleanupRulePlatformType="windows", deviceInactivityBeforeRetirementInDays=180,
              lastModifiedDateTime=build.time())  # fmt: skip
    add_settings(build.tenant)


def _approval(build: Builder) -> None:
    build.add(f"{DM}/operationApprovalPolicies", "Two admins for device wipe", plain=True, description="",
              lastModifiedDateTime=build.time(), policyType="deviceWipe", policyPlatform="notApplicable",
              policySet={"policyType": "deviceWipe", "policyPlatform": "notApplicable"},
              approverGroupIds=[build.group("SG-IT-Department")])  # fmt: skip


def _terms(build: Builder) -> None:
    files = [
        {"id": build.guid("terms", language), "fileName": f"terms-{language}.pdf", "displayName": name,
         "language": language, "isDefault": language == "en", "isMajorVersion": False, "createdDateTime": build.time(),
         "fileData": {"data": encoded(f"%PDF-1.4 {name}")}}
        for language, name in (("de", "Nutzung von Firmendaten"), ("en", "Use of company data"))
    ]  # fmt: skip
    build.tenant.put(
        AGREEMENTS,
        {
            "id": build.guid("agreement"),
            "displayName": "Use of company data",
            "isViewingBeforeAcceptanceRequired": True,
            "isPerDeviceAcceptanceRequired": False,
            "termsExpiration": None,
            "userReacceptRequiredFrequency": "P90D",
            "files": files,
        },
    )


def _branding(build: Builder) -> None:
    logo = png()
    default = branding("0", backgroundColor="#0F5C8C", signInPageText=f"{build.tenant.name}: help is on 4711",
                       bannerLogo=logo, bannerLogoRelativeUrl="c1/logintenantbranding/0/bannerlogo?ts=1")  # fmt: skip
    build.tenant.put(BRANDING, {**default, "bannerLogoRelativeUrl": "c1/logintenantbranding/0/bannerlogo?ts=1"})
    build.tenant.put(BRANDING, branding("de-DE", signInPageText="Hilfe unter 4711"))


def _cloud_pcs(build: Builder) -> None:
    connection = build.add(f"{CLOUD_PCS}/onPremisesConnections", "Berlin network", plain=True)
    target = {"@odata.type": f"{TYPE}cloudPcManagementGroupAssignmentTarget",
              "groupId": build.group("SG-External-Consultants"), "servicePlanId": None, "allotmentDisplayName": None,
              "allotmentLicensesCount": None}  # fmt: skip
    policy = build.add(
        f"{CLOUD_PCS}/provisioningPolicies",
        "Cloud PCs for consultants",
        plain=True,
        description="",
        createdDateTime=build.time(),
        lastModifiedDateTime=build.time(),
        createdBy=build.guid("admin"),
        lastModifiedBy=build.guid("admin"),
        provisioningType="dedicated",
        userExperienceType="cloudPc",
        managedBy="windows365",
        imageId="microsoftwindowsdesktop_windows-ent-cpc_win11-24h2-ent-cpc-m365",
        imageType="gallery",
        imageDisplayName="Windows 11 Enterprise + Microsoft 365 Apps 24H2",
        cloudPcNamingTemplate="CPC-%USERNAME:5%-%RAND:5%",
        cloudPcGroupDisplayName=None,
        enableSingleSignOn=True,
        localAdminEnabled=False,
        gracePeriodInHours=168,
        alternateResourceUrl=None,
        scopeIds=["0"],
        windowsSetting={"locale": "de-DE"},
        domainJoinConfigurations=[
            {"domainJoinType": "hybridAzureADJoin", "type": "hybridAzureADJoin", "regionName": None,
             "regionGroup": "default", "geographicLocationType": "default", "onPremisesConnectionId": connection["id"]}
        ],
    )  # fmt: skip
    policy["assignments"] = [_to_group(policy["id"], target)]
    setting = build.add(
        f"{CLOUD_PCS}/userSettings",
        "Consultants may restart",
        plain=True,
        createdDateTime=build.time(),
        lastModifiedDateTime=build.time(),
        localAdminEnabled=False,
        resetEnabled=True,
        provisioningSourceType="image",
        restorePointSetting={"frequencyInHours": 12, "frequencyType": "twelveHours", "userRestoreEnabled": True},
    )
    setting["assignments"] = [_to_group(setting["id"], target)]


def _to_group(owner: str, target: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"{owner}_{target['groupId']}", "target": dict(target)}


def _sites(build: Builder) -> None:
    site = {"allowRedirect": False, "comment": "Old ERP", "compatibilityMode": "internetExplorer11",
            "mergeType": "noMerge", "targetEnvironment": "internetExplorerMode", "status": "published",
            "createdDateTime": build.time(), "lastModifiedDateTime": build.time(), "deletedDateTime": None,
            "history": [], "lastModifiedBy": None}  # fmt: skip
    build.add(
        SITE_LISTS,
        "Old web applications",
        plain=True,
        description="",
        lastModifiedDateTime=build.time(),
        lastModifiedBy=None,
        publishedBy=None,
        publishedDateTime=build.time(),
        revision="3",
        status="published",
        sites=[
            {**site, "id": build.guid("site", 1), "webUrl": "erp.example"},
            {**site, "id": build.guid("site", 2), "webUrl": "time.example", "comment": "Time sheets"},
        ],
        sharedCookies=[
            {"id": build.guid("cookie"), "displayName": "session", "hostOrDomain": "erp.example", "hostOnly": True,
             "path": "/", "comment": "", "sourceEnvironment": "microsoftEdge", "status": "published",
             "createdDateTime": build.time(), "lastModifiedDateTime": build.time(), "deletedDateTime": None,
             "history": [], "lastModifiedBy": None}
        ],
    )  # fmt: skip


def _autopatch(build: Builder) -> None:
    build.add(f"{UPDATES}/policies", "Monthly updates", plain=True, description="", createdDateTime=build.time(),
              lastModifiedDateTime=build.time(), approvals=[],
              rings=[{"@odata.type": f"{TYPE}windowsUpdates.qualityUpdateRing", "id": build.guid("ring"),
                      "displayName": "Pilot", "deferralInDays": 0, "isPaused": False}],
              **{"@odata.type": f"{TYPE}windowsUpdates.qualityUpdatePolicy"})  # fmt: skip
    build.tenant.put(
        f"{UPDATES}/updatePolicies",
        {"id": build.guid("update policy"), "createdDateTime": build.time(), "complianceChangeRules": [],
         "complianceChanges": [], "audience": {"id": build.guid("audience")},
         "deploymentSettings": None},
    )  # fmt: skip
