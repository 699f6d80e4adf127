"""The properties that are secrets, from Microsoft's model: a name's ending never says that one is."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Secret:
    """A property that Graph does not give back.

    It was set if the property `flag` is true. Without that flag: if `when` holds ({property: its values}, () for any
    value). `is_placeholder`: whatever is answered is never the secret.
    """

    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    flag: str = ""
    is_placeholder: bool = False


_PERSONAL = ("wep", "wpaPersonal", "wpa2Personal", "wpa3Personal")
_WIFI = Secret({"wiFiSecurityType": _PERSONAL})
_DEFENDER = "windowsDefenderAdvancedThreatProtectionConfiguration"
_WIFI_WITH_FLAG = Secret({"wiFiSecurityType": _PERSONAL}, "preSharedKeyIsSet")

# By type and property. Where no source stands beside a row: the model's description calls it a password, a key or a
# secret, and it is needed as the description of the other property says; nobody has seen Graph give it back.
SECRETS: Mapping[tuple[str, str], Secret] = {
    # Answered as null (Microsoft365DSC/Microsoft365DSC#3168 and exports of others).
    ("windowsWifiConfiguration", "preSharedKey"): Secret({"wifiSecurityType": _PERSONAL}),
    ("iosWiFiConfiguration", "preSharedKey"): _WIFI,
    ("macOSWiFiConfiguration", "preSharedKey"): _WIFI,
    ("androidEnterpriseWiFiConfiguration", "preSharedKey"): _WIFI,
    ("androidDeviceOwnerWiFiConfiguration", "preSharedKey"): _WIFI_WITH_FLAG,
    ("androidWorkProfileWiFiConfiguration", "preSharedKey"): _WIFI_WITH_FLAG,
    ("aospDeviceOwnerWiFiConfiguration", "preSharedKey"): _WIFI_WITH_FLAG,
    ("iosikEv2VpnConfiguration", "sharedSecret"): Secret({"authenticationMethod": ("sharedSecret",)}),
    # Answered as hash marks with the last digits (Microsoft365DSC/Microsoft365DSC#3244).
    ("editionUpgradeConfiguration", "productKey"): Secret({"licenseType": ("productKey",)}),
    ("editionUpgradeConfiguration", "license"): Secret({"licenseType": ("licenseFile",)}),
    # Answered as null (exports of others). A multi-app kiosk of before there was the flag may have one.
    ("androidDeviceOwnerGeneralDeviceConfiguration", "kioskModeExitCode"): Secret(
        {"kioskModeUseManagedHomeScreenApp": ("multiAppMode",)}, "isKioskModeExitCodeSet"
    ),
    # "When it is read, it only provides a placeholder string since the original data is encrypted and stored."
    ("androidOmaCpConfiguration", "configurationXml"): Secret({"@odata.type": ()}, is_placeholder=True),
    ("windows10TeamGeneralConfiguration", "azureOperationalInsightsWorkspaceKey"): Secret(
        {"azureOperationalInsightsWorkspaceId": ()}
    ),
    (_DEFENDER, "advancedThreatProtectionOnboardingBlob"): Secret({"advancedThreatProtectionOnboardingFilename": ()}),
    (_DEFENDER, "advancedThreatProtectionOffboardingBlob"): Secret({"advancedThreatProtectionOffboardingFilename": ()}),
    ("depMacOSEnrollmentProfile", "adminAccountPassword"): Secret({"adminAccountUserName": ()}),
    ("androidDeviceOwnerEnrollmentProfile", "wifiPassword"): Secret({"wifiSecurityType": ("wep", "wpa")}),
}
