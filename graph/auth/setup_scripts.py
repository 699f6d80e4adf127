"""Scripts that make an app registration with exactly the permissions that are needed, and print its two ids.

One is for PowerShell with the Microsoft Graph SDK (learn.microsoft.com: New-MgApplication, Use app-only authentication
with the Microsoft Graph PowerShell SDK), one for a shell with the Azure CLI (learn.microsoft.com: az ad app, az rest).
graph/auth/app_setup.py checks everything that goes into them, so that no text can leave its quotes.
"""

import json

from graph.auth.app_setup import AppSetup
from graph.auth.clouds import Cloud, graph_host
from graph.policy_types.manifest import GRAPH_APP_ID, required_resource_access

_POWERSHELL_CLOUDS = {Cloud.GLOBAL: "Global", Cloud.US_GOV: "USGov", Cloud.US_DOD: "USGovDoD", Cloud.CHINA: "China"}
_AZURE_CLOUDS = {
    Cloud.GLOBAL: "AzureCloud",
    Cloud.US_GOV: "AzureUSGovernment",
    Cloud.US_DOD: "AzureUSGovernment",
    Cloud.CHINA: "AzureChinaCloud",
}


def powershell(setup: AppSetup) -> str:
    """Return the script for PowerShell with the Microsoft Graph SDK."""
    return "\n".join([*_powershell_head(setup), *_powershell_app(setup), *_powershell_grants(setup), *_POWERSHELL_END])


def _powershell_head(setup: AppSetup) -> list[str]:
    return [
        f"# Makes the app registration '{setup.name}' with exactly the permissions that Tenantkeep needs.",
        "# Needs PowerShell and the modules Microsoft.Graph.Authentication and Microsoft.Graph.Applications:",
        "#   Install-Module Microsoft.Graph.Applications -Scope CurrentUser",
        "# Run it as somebody who may grant admin consent, for example a Privileged Role Administrator.",
        "$ErrorActionPreference = 'Stop'",
        "Import-Module Microsoft.Graph.Applications",
        "$scopes = @('Application.ReadWrite.All', 'AppRoleAssignment.ReadWrite.All')",
        "Connect-MgGraph -Scopes $scopes"
        + (f" -TenantId '{setup.directory_id}'" if setup.directory_id else "")
        + f" -Environment '{_POWERSHELL_CLOUDS[setup.cloud]}' -NoWelcome",
        "",
        f"$name = '{setup.name}'",
        "if (Get-MgApplication -Filter \"displayName eq '$name'\") {",
        "    throw \"There is an app registration '$name' already. Remove it first, or add what is missing by hand.\"",
        "}",
        f"$graph = Get-MgServicePrincipal -Filter \"appId eq '{GRAPH_APP_ID}'\"",
        "# Name and id of each permission. In a national cloud the id is looked up by the name.",
        "$roles = @(",
        *(f"    @{{ Name = '{role.name}'; Id = '{role.id}' }}" for role in setup.roles),
        ")",
        "foreach ($role in $roles) {",
        "    $known = $graph.AppRoles | Where-Object { $_.Value -eq $role.Name }",
        "    if ($known) { $role.Id = $known.Id }",
        "}",
        "",
    ]


def _powershell_app(setup: AppSetup) -> list[str]:
    lines = [
        "$access = @($roles | ForEach-Object { @{ Id = $_.Id; Type = 'Role' } })",
        "$settings = @{",
        "    DisplayName            = $name",
        f"    SignInAudience         = '{setup.audience}'",
        f"    RequiredResourceAccess = @(@{{ ResourceAppId = '{GRAPH_APP_ID}'; ResourceAccess = $access }})",
        "}",
    ]
    if setup.is_shared:
        lines.append(f"$settings.Web = @{{ RedirectUris = @('{setup.redirect_uri}') }}")
    if setup.certificate_pem:
        lines += [
            "# The public part of the certificate; its private key stays in Tenantkeep.",
            f"$certificate = [Convert]::FromBase64String('{setup.certificate_base64}')",
            "$settings.KeyCredentials = @(@{ Type = 'AsymmetricX509Cert'; Usage = 'Verify'; Key = $certificate })",
        ]
    lines += ["$app = New-MgApplication @settings", "$principal = New-MgServicePrincipal -AppId $app.AppId"]
    if setup.trust:
        lines += [
            "$trust = @{",
            "    Name      = 'tenantkeep'",
            f"    Issuer    = '{setup.trust.issuer}'",
            f"    Subject   = '{setup.trust.subject}'",
            f"    Audiences = @('{setup.trust.audience}')",
            "}",
            "New-MgApplicationFederatedIdentityCredential -ApplicationId $app.Id -BodyParameter $trust | Out-Null",
        ]
    return [*lines, ""]


def _powershell_grants(setup: AppSetup) -> list[str]:
    if setup.is_shared:
        return ["# Each directory consents by a link from Tenantkeep: nothing is granted here.", ""]
    return [
        "# Admin consent: one assignment for each permission. A new app is not known everywhere at once.",
        "foreach ($role in $roles) {",
        "    $assignment = @{",
        "        ServicePrincipalId = $principal.Id",
        "        PrincipalId        = $principal.Id",
        "        ResourceId         = $graph.Id",
        "        AppRoleId          = $role.Id",
        "    }",
        "    for ($attempt = 1; ; $attempt++) {",
        "        try { New-MgServicePrincipalAppRoleAssignment @assignment | Out-Null; break }",
        "        catch { if ($attempt -ge 6) { throw }; Start-Sleep -Seconds 10 }",
        "    }",
        "}",
        "",
    ]


_POWERSHELL_END = (
    "Write-Output ''",
    "Write-Output 'Give these two to Tenantkeep:'",
    'Write-Output "Directory (tenant) id:   $((Get-MgContext).TenantId)"',
    'Write-Output "Application (client) id: $($app.AppId)"',
    "",
)


def azure_cli(setup: AppSetup) -> str:
    """Return the script for bash with the Azure CLI."""
    return "\n".join([*_azure_head(setup), *_azure_app(setup), *_azure_grants(setup), *_AZURE_END])


def _azure_head(setup: AppSetup) -> list[str]:
    sign_in = f"az login --tenant '{setup.directory_id}'" if setup.directory_id else "az login"
    return [
        "#!/usr/bin/env bash",
        f"# Makes the app registration '{setup.name}' with exactly the permissions that Tenantkeep needs.",
        "# Run it as somebody who may grant admin consent, for example a Privileged Role Administrator. First:",
        f"#   az cloud set --name {_AZURE_CLOUDS[setup.cloud]}",
        f"#   {sign_in} --allow-no-subscriptions",
        "set -euo pipefail",
        f"name='{setup.name}'",
        f"graph_app='{GRAPH_APP_ID}'",
        f"graph_url='{graph_host(setup.cloud)}'",
        "if [ -n \"$(az ad app list --filter \"displayName eq '$name'\" --query '[].appId' --output tsv)\" ]; then",
        "  echo \"There is an app registration '$name' already. Remove it first, or add what is missing by hand.\" >&2",
        "  exit 1",
        "fi",
        "# Name and id of each permission. In a national cloud the id is looked up by the name.",
        "roles=(",
        *(f"  '{role.name} {role.id}'" for role in setup.roles),
        ")",
        "known=$(az ad sp show --id \"$graph_app\" --query 'appRoles[].[value, id]' --output tsv)",
        "ids=()",
        'for role in "${roles[@]}"; do',
        '  id=$(awk -v name="${role% *}" \'$1 == name { print $2; exit }\' <<< "$known")',
        '  ids+=("${id:-${role#* }}")',
        "done",
        "",
    ]


def _azure_app(setup: AppSetup) -> list[str]:
    redirect = f" \\\n  --web-redirect-uris '{setup.redirect_uri}'" if setup.is_shared else ""
    lines = [
        'access=$(printf \'{"id":"%s","type":"Role"},\' "${ids[@]}")',
        'access="[{\\"resourceAppId\\":\\"$graph_app\\",\\"resourceAccess\\":[${access%,}]}]"',
        f"app=$(az ad app create --display-name \"$name\" --sign-in-audience '{setup.audience}'{redirect} \\",
        '  --required-resource-accesses "$access" --query appId --output tsv)',
        'principal=$(az ad sp create --id "$app" --query id --output tsv)',
    ]
    if setup.certificate_pem:
        lines += [
            "# The public part of the certificate; its private key stays in Tenantkeep.",
            f"certificate='{setup.certificate_base64}'",
            'az ad app credential reset --id "$app" --cert "$certificate" --append --output none',
        ]
    if setup.trust:
        trust = {
            "name": "tenantkeep",
            "issuer": setup.trust.issuer,
            "subject": setup.trust.subject,
            "audiences": [setup.trust.audience],
        }
        lines.append(
            f"az ad app federated-credential create --id \"$app\" --parameters '{json.dumps(trust)}' --output none"
        )
    return [*lines, ""]


def _azure_grants(setup: AppSetup) -> list[str]:
    if setup.is_shared:
        return ["# Each directory consents by a link from Tenantkeep: nothing is granted here.", ""]
    return [
        "# Admin consent: one assignment for each permission. A new app is not known everywhere at once.",
        'graph=$(az ad sp show --id "$graph_app" --query id --output tsv)',
        'for id in "${ids[@]}"; do',
        '  body="{\\"principalId\\":\\"$principal\\",\\"resourceId\\":\\"$graph\\",\\"appRoleId\\":\\"$id\\"}"',
        "  for attempt in 1 2 3 4 5 6; do",
        '    if az rest --method POST --url "$graph_url/v1.0/servicePrincipals/$principal/appRoleAssignments" \\',
        "      --headers 'Content-Type=application/json' --body \"$body\" --output none; then break; fi",
        '    if [ "$attempt" = 6 ]; then exit 1; fi',
        "    sleep 10",
        "  done",
        "done",
        "",
    ]


_AZURE_END = (
    "echo",
    "echo 'Give these two to Tenantkeep:'",
    'echo "Directory (tenant) id:   $(az account show --query tenantId --output tsv)"',
    'echo "Application (client) id: $app"',
    "",
)


def manifest(setup: AppSetup) -> str:
    """Return `requiredResourceAccess` as JSON, for whoever pastes it into the app registration's manifest."""
    return json.dumps({"requiredResourceAccess": required_resource_access(setup.writes)}, indent=2)
