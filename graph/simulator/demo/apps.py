"""Apps, their protection and configuration, and policy sets."""

from typing import Any

from graph.simulator.demo.builder import DAM, DM, TYPE, Builder, encoded


def add_all(build: Builder) -> None:
    portal = _apps(build)
    _protection(build)
    _configuration(build, portal)
    _information_protection(build)
    _policy_set(build, portal)


def _apps(build: Builder) -> str:
    state = {"largeIcon": {"type": "image/png", "value": "aWNvbg=="}, "publishingState": "published", "uploadState": 1,
             "isFeatured": False, "dependentAppCount": 0, "supersedingAppCount": 0}  # fmt: skip
    first_app = None
    for kind, name, more in (
        ("iosStoreApp", "Microsoft Intune Company Portal", {"bundleId": "com.microsoft.CompanyPortal"}),
        ("winGetApp", "7-Zip", {"packageIdentifier": "7zip.7zip"}),
        ("officeSuiteApp", "Microsoft 365 Apps", {"officePlatformArchitecture": "x64"}),
    ):
        item = build.add(f"{DAM}/mobileApps", name, publisher="Microsoft", isAssigned=True, **state, **more,
                         assignments=[{**build.to_all_users(), "intent": "required", "settings": None}],
                         **{"@odata.type": TYPE + kind})  # fmt: skip
        first_app = first_app or item
    assert first_app is not None  # noqa: S101
    return str(first_app["id"])


def _app(kind: str, key: str, value: str) -> dict[str, Any]:
    name = "windowsAppIdentifier" if kind == "windows" else f"{kind}MobileAppIdentifier"
    identifier = {"@odata.type": TYPE + name, key: value}
    return {"id": f"{value.lower()}.{kind}", "version": "1239242880", "mobileAppIdentifier": identifier}


def _protection(build: Builder) -> None:
    common = {"version": '"b5002b09-0000-0d00-0000-6294d8ca0000"', "isAssigned": True, "deployedAppCount": 2,
              "periodOfflineBeforeAccessCheck": "PT12H"}  # fmt: skip
    of_phones = {"pinRequired": True, "minimumPinLength": 6,
                 "allowedDataStorageLocations": ["oneDriveForBusiness", "sharePoint"]}  # fmt: skip
    for platform, key, values, app_group in (
        ("ios", "bundleId", ("com.microsoft.Office.Outlook", "com.microsoft.skype.teams"), "selectedPublicApps"),
        ("android", "packageId", ("com.microsoft.office.outlook", "com.microsoft.teams"), "allMicrosoftApps"),
        ("windows", "windowsAppId", ("com.microsoft.edge",), "selectedPublicApps"),
    ):
        title = {"ios": "iOS", "android": "Android", "windows": "Windows"}[platform]
        of_platform = {"printBlocked": True} if platform == "windows" else {**of_phones, "appGroupType": app_group}
        build.add(f"{DAM}/{platform}ManagedAppProtections", f"App protection - {title}", prefix="T_",
                  **of_platform, apps=[_app(platform, key, value) for value in values],
                  assignments=[build.to_group("SG-External-Consultants")], **common,
                  **{"@odata.type": f"{TYPE}{platform}ManagedAppProtection"})  # fmt: skip
    build.add(f"{DAM}/targetedManagedAppConfigurations", "Outlook defaults", prefix="A_", version='"1"',
              isAssigned=True, deployedAppCount=1, appGroupType="selectedPublicApps", settings=[],
              customSettings=[{"name": "com.microsoft.outlook.Mail.FocusedInbox", "value": "false"}],
              apps=[_app("ios", "bundleId", "com.microsoft.Office.Outlook")], assignments=[build.to_all_users()],
              **{"@odata.type": f"{TYPE}targetedManagedAppConfiguration"})  # fmt: skip


def _configuration(build: Builder, app_id: str) -> None:
    path = f"{DAM}/mobileAppConfigurations"
    build.add(path, "Portal for iPhone", version=1, targetedMobileApps=[app_id], settings=[],
              encodedSettingXml=encoded("<dict><key>IntuneCompanyPortal</key><true/></dict>"),
              assignments=[build.to_group("SG-Intune-iOS")], **{"@odata.type": f"{TYPE}iosMobileAppConfiguration"})  # fmt: skip
    build.add(path, "Launcher for kiosks", version=1, targetedMobileApps=[app_id], permissionActions=[],
              packageId="app:com.microsoft.launcher.enterprise", payloadJson=encoded('{"kind":"androidenterprise"}'),
              profileApplicability="androidDeviceOwner", connectedAppsEnabled=True,
              assignments=[build.to_group("SG-Kiosks")],
              **{"@odata.type": f"{TYPE}androidManagedStoreAppConfiguration"})  # fmt: skip


def _information_protection(build: Builder) -> None:
    for kind in ("mdmWindowsInformationProtectionPolicy", "windowsInformationProtectionPolicy"):
        path = f"{DAM}/{kind[:-1]}ies"
        build.add(path, f"WIP ({'enrolled' if kind.startswith('mdm') else 'not enrolled'})", version='"1"',
                  isAssigned=False, enforcementLevel="encryptAuditAndPrompt", enterpriseDomain="example.com",
                  protectedAppLockerFiles=[{"id": build.guid(kind), "displayName": "Apps", "fileHash": "1",
                                            "file": encoded("<AppLockerPolicy/>")}],
                  exemptAppLockerFiles=[], assignments=[], **{"@odata.type": TYPE + kind})  # fmt: skip


def _policy_set(build: Builder, app_id: str) -> None:
    policy_id = next(iter(build.tenant.collections[f"{DM}/deviceCompliancePolicies"]))
    policy_set = build.add(f"{DAM}/policySets", "New starters", status="notAssigned", errorCode="noError",
                     guidedDeploymentTags=[], roleScopeTags=["0"], assignments=[build.to_group("SG-Finance")])  # fmt: skip
    policy_set["items"] = [
        {"@odata.type": f"{TYPE}{kind}PolicySetItem", "id": f"{policy_set['id']}_{payload}_{kind[0].upper()}{kind[1:]}_Parcel", "payloadId": payload,
         "itemType": None, "displayName": name, "status": "notAssigned", "errorCode": "noError",
         "guidedDeploymentTags": [], **more}
        for kind, payload, name, more in (
            ("mobileApp", app_id, "Microsoft Intune Company Portal", {"intent": "required", "settings": None}),
            ("deviceCompliancePolicy", policy_id, "Windows - Baseline", {}),
        )
    ]  # fmt: skip
