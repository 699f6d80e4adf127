"""What a device configuration refers to by navigation alone: certificates, mostly. Its JSON does not show them.

Which type has which comes from Microsoft's own model of Graph beta, inherited ones included (msgraph-beta-sdk 1.66.0);
tests/graph/test_routes.py holds it against that. A pattern over the types' names would ask for what is not there, and
miss what is.
"""

from collections.abc import Mapping

# Navigation -> the types that have it, by bare @odata.type.
NAVIGATIONS: Mapping[str, frozenset[str]] = {
    name: frozenset(types.split())
    for name, types in {
        "rootCertificate": """
            androidDeviceOwnerImportedPFXCertificateProfile androidDeviceOwnerPkcsCertificateProfile
            androidDeviceOwnerScepCertificateProfile androidForWorkImportedPFXCertificateProfile
            androidForWorkPkcsCertificateProfile androidForWorkScepCertificateProfile
            androidImportedPFXCertificateProfile androidPkcsCertificateProfile androidScepCertificateProfile
            androidWorkProfilePkcsCertificateProfile androidWorkProfileScepCertificateProfile
            aospDeviceOwnerPkcsCertificateProfile aospDeviceOwnerScepCertificateProfile iosScepCertificateProfile
            macOSScepCertificateProfile windows81SCEPCertificateProfile windowsPhone81SCEPCertificateProfile""",
        "identityCertificate": """
            androidDeviceOwnerVpnConfiguration androidEasEmailProfileConfiguration androidForWorkGmailEasConfiguration
            androidForWorkNineWorkEasConfiguration androidForWorkVpnConfiguration androidVpnConfiguration
            androidWorkProfileGmailEasConfiguration androidWorkProfileNineWorkEasConfiguration
            androidWorkProfileVpnConfiguration iosEasEmailProfileConfiguration iosVpnConfiguration
            iosikEv2VpnConfiguration macOSVpnConfiguration windows10VpnConfiguration windowsPhone81VpnConfiguration""",
        "identityCertificateForClientAuthentication": """
            androidDeviceOwnerEnterpriseWiFiConfiguration androidEnterpriseWiFiConfiguration
            androidForWorkEnterpriseWiFiConfiguration androidWorkProfileEnterpriseWiFiConfiguration
            aospDeviceOwnerEnterpriseWiFiConfiguration iosDeviceFeaturesConfiguration iosEnterpriseWiFiConfiguration
            iosWiredNetworkConfiguration macOSEnterpriseWiFiConfiguration macOSWiredNetworkConfiguration
            windowsWifiEnterpriseEAPConfiguration windowsWiredNetworkConfiguration""",
        "rootCertificateForServerValidation": """
            androidDeviceOwnerEnterpriseWiFiConfiguration androidEnterpriseWiFiConfiguration
            androidForWorkEnterpriseWiFiConfiguration androidWorkProfileEnterpriseWiFiConfiguration
            aospDeviceOwnerEnterpriseWiFiConfiguration iosWiredNetworkConfiguration macOSEnterpriseWiFiConfiguration
            macOSWiredNetworkConfiguration""",
        "rootCertificatesForServerValidation": """
            androidDeviceOwnerEnterpriseWiFiConfiguration iosEnterpriseWiFiConfiguration
            macOSEnterpriseWiFiConfiguration windowsWifiEnterpriseEAPConfiguration windowsWiredNetworkConfiguration
            windowsZtdnsConfiguration""",
        "rootCertificateForClientValidation": "windowsWifiEnterpriseEAPConfiguration windowsWiredNetworkConfiguration",
        "rootCertificatesForClientValidation": "windowsZtdnsConfiguration",
        "secondaryIdentityCertificateForClientAuthentication": "windowsWiredNetworkConfiguration",
        "secondaryRootCertificateForClientValidation": "windowsWiredNetworkConfiguration",
        "smimeSigningCertificate": "androidEasEmailProfileConfiguration iosEasEmailProfileConfiguration",
        "smimeEncryptionCertificate": "iosEasEmailProfileConfiguration",
        "singleSignOnExtensionPkinitCertificate": "iosDeviceFeaturesConfiguration macOSDeviceFeaturesConfiguration",
        # Wi-Fi and other profiles that a device needs before it can join its domain.
        "networkAccessConfigurations": "windowsDomainJoinConfiguration",
    }.items()
}
# Those that lead to several.
MANY = frozenset(
    {"rootCertificatesForServerValidation", "rootCertificatesForClientValidation", "networkAccessConfigurations"}
)


def navigations_of(bare_type: str) -> list[str]:
    return [name for name, types in NAVIGATIONS.items() if bare_type in types]
