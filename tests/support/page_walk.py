"""A tour through the demo: what is made on the way, and every page that it leads to.

`make screenshots` renders these pages, and tests/browser/test_accessible.py has each checked.
"""

# name -> address; numbers in braces are of what `prepare` makes.
PAGES = {
    "dashboard": "/",
    "tenants": "/tenants/",
    "tenant": "/tenants/2",
    "tenant-administration": "/tenants/2/administration",
    "tenant-choice": "/tenants/choose",
    "our-apps": "/installation/apps",
    "connect": "/tenants/connect",
    "connecting": "/tenants/2/connecting",
    "consent-link-over": "/connect/unknown",
    "tenant-changes": "/tenants/2/activity",
    "tenant-events": "/tenants/2/events/",
    "tenant-moment": "/tenants/2/at/",
    "tenant-approved": "/tenants/2/approved",
    "changes": "/changes/",
    "change": "/changes/1",
    "change-rules": "/changes/rules/",
    "ignored-fields": "/changes/ignored/",
    "comparison-choice": "/comparisons/",
    "comparison": "/comparisons/?first=set-1&second=set-2",
    "channels": "/channels/",
    "channel": "/channels/1",
    "channel-rule": "/channels/1/rules/1",
    "copies": "/copies/",
    "copies-new": "/copies/new?kind=sftp",
    "recovery-keys": "/copies/keys/",
    "demo-mailbox": "/demo/mailbox",
    "assignments": "/assignments/?of=all-devices",
    "look-up": "/assignments/look-up/",
    "policies": "/policies/?search=Windows",
    "policies-none": "/policies/?search=nothing+is+called+like+this",
    "policy": "/policies/{policy}",
    "policy-dependencies": "/policies/{policy}/dependencies",
    "snapshot": "/snapshots/{snapshot}",
    "compare": "/snapshots/{older}/compare/{snapshot}",
    "settings": "/settings/?q=allow",
    "setting": "/settings/of?key=device_vendor_msft_policy_config_camera_allowcamera",
    "conflicts": "/tenants/2/conflicts",
    "backup-sets": "/backup-sets/",
    "backup-set": "/backup-sets/1",
    "documents": "/documents/",
    "document-new": "/documents/new?backup_set=1",
    "document-provider": "/documents/provider/",
    "imports": "/imports/",
    "standards": "/standards/",
    "restores": "/restores/",
    "restore-start": "/restores/new",
    "restore-new": "/restores/new?backup_set=1",
    "restore": "/restores/{previewed}",
    "restore-blocked": "/restores/{previewed}?show=blocked",
    "restore-finished": "/restores/{finished}",
    "restore-undo": "/restores/{undo}",
    "restore-item": "/restores/{finished}/items/{item}",
    "mappings": "/tenants/1/mappings/",
    "mapping": "{mapping}",
    "run-of-restore": "/runs/{live}",
    "rehearsals": "/tenants/2/rehearsals",
    "schedules": "/schedules/",
    "readiness": "/readiness/",
    "readiness-tenant": "/tenants/2/readiness",
    "retention": "/tenants/2/retention?last=1&daily=2",
    "runs": "/runs/",
    "run": "/runs/{run}",
    "run-with-skips": "/runs/2",
    "run-that-failed": "/runs/{failed}",
    "notifications": "/notifications/",
    "audit": "/audit/",
    "users": "/users/",
    "entra-grants": "/users/entra/",
    "account": "/account/",
    "tokens": "/tokens/",
    "api-docs": "/api/docs",
    "second-factor": "/account/second-factor",
    "user": "/users/3",
    "not-found": "/policies/999999",
}


SOME = "tenant=2&type=deviceConfigurations"


def prepare(page, demo, *, is_whole: bool) -> dict[str, str]:
    """Make captures, a change in the tenant, a backup and restores as a signed-in admin. Return {name: number} of
    each.

    A whole tenant takes a minute of waiting for Conditional Access, which answers once a second.
    """
    made = _capture(page, demo)
    page.goto(f"{demo.address}/tenants/2" if is_whole else f"{demo.address}/policies/?{SOME}")
    _back_up(page, demo, is_whole)
    return made | _restore(page, demo)


def _capture(page, demo) -> dict[str, str]:
    """Two snapshots of a policy with assignments, the tenant changed in between, and a run that failed."""
    page.goto(f"{demo.address}/policies/?tenant=2&search=BitLocker+Executives")
    policies = page.locator("td a[href^='/policies/']:not([href*='?'])")  # “Did you mean” is one with a question
    while not policies.count():
        page.wait_for_timeout(1000)
        page.reload()
    policies.first.click()
    policy = number(page)
    graph_id = page.locator(".facts code").first.inner_text()
    older, _ = _snapshot(page, demo, policy)
    contoso = demo.tenant("Contoso Health")
    _change(contoso, graph_id)
    snapshot, run = _snapshot(page, demo, policy)
    contoso.fault(kind="status", status=400, path=graph_id, times=1)
    page.goto(f"{demo.address}/policies/{policy}")
    page.click("text=Capture snapshot")
    page.click("text=View run")
    page.wait_for_selector(".progress-line >> text=failed", timeout=180_000)
    return {"policy": policy, "run": run, "older": older, "snapshot": snapshot, "failed": number(page)}


def _change(tenant, graph_id: str) -> None:
    """Change two settings and the assignments of a policy, as somebody in Intune might."""
    path = "deviceManagement/configurationPolicies"
    item = tenant.objects()[path][graph_id]
    startup, recovery = (one["settingInstance"] for one in item["settings"][2:4])
    startup["choiceSettingValue"]["children"][0]["simpleSettingValue"]["value"] = 8
    recovery["simpleSettingValue"]["value"] = 30
    item["assignments"].pop(0)
    tenant.put(path, {**item, "lastModifiedDateTime": "2026-01-31T09:00:00Z"})


def _snapshot(page, demo, policy: str) -> tuple[str, str]:
    """(snapshot, run) of a press of “Capture snapshot”."""
    page.goto(f"{demo.address}/policies/{policy}")
    page.click("text=Capture snapshot")
    page.click("text=View run")
    page.wait_for_selector(".progress-line >> text=succeeded", timeout=180_000)
    run = number(page)
    page.locator("td a", has_text="Snapshot").click()
    page.wait_for_selector("text=Completeness check")
    return number(page), run


def _back_up(page, demo, is_whole: bool) -> None:
    if is_whole:
        page.click("text=Back up now")
    else:
        page.check("[data-tick-all]")
        page.click(".selection >> text=Back up")
    page.click("text=View run")
    # The app may not read one policy type of this tenant, so that all of it is read but for that.
    page.wait_for_selector(".progress-line >> text=/succeeded|partly read/", timeout=180_000)
    page.goto(f"{demo.address}/schedules/")
    page.fill("#tenant-field", "Contoso Health")
    page.click("main button >> text=/^Add$/")


def _restore(page, demo) -> dict[str, str]:
    """The set in another tenant, previewed; a part of it there, written; and that undone, previewed."""
    _preview(page, demo)
    made = {"previewed": number(page)}
    page.goto(f"{demo.address}/tenants/1/mappings/")
    made["mapping"] = page.locator("td a").first.get_attribute("href")
    _preview(page, demo, "deviceConfigurations")
    execute(page, "INC-4711: the tenant was set up anew")
    page.wait_for_selector("text=Undo this restore", timeout=180_000)
    made["finished"] = number(page)
    made["item"] = page.locator("#plan td a[href*='/items/']").first.get_attribute("href").rpartition("/")[2]
    made["live"] = page.locator("td a[href^='/runs/']").first.get_attribute("href").rpartition("/")[2]
    page.click("text=Undo this restore")
    page.wait_for_selector("#execute", timeout=180_000)
    return made | {"undo": number(page)}


def _preview(page, demo, *types: str) -> None:
    """To another tenant: the form comes again with what is proposed there."""
    page.goto(f"{demo.address}/restores/new?backup_set=1")
    page.check("input[name=tenant][value='1']")
    page.click("main button.btn-lg")
    page.wait_for_selector("text=other options are proposed now")
    page.check("input[name=assignments][value=exact]")
    if types:
        page.click("text=Choose policy types and policies")
    for one in types:
        page.check(f"input[name=type][value={one}]")
    page.click("main button.btn-lg")
    page.wait_for_selector("#execute", timeout=180_000)


def execute(page, reason: str) -> None:
    page.fill("#name", page.locator("#execute label strong").first.inner_text())
    page.fill("#reason", reason)
    page.click("#execute button")


def number(page) -> str:
    """Return the number of the thing whose page this is."""
    return page.url.rpartition("/")[2].partition("#")[0]
