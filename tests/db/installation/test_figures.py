from datetime import timedelta

from db.clock import utcnow
from db.installation import figures
from db.models import Credential, Expiry, Schedule, SharedApp, SharedAppCredential, Tenant


def test_tenants_that_are_switched_off_are_in_no_figure(cast, database):
    now = utcnow()
    Tenant.update(last_backup_at=now, credential_expires_at=now + timedelta(days=9)).execute()
    Schedule.create(tenant=cast.contoso, cron="0 3 * * *", next_at=now - timedelta(minutes=1))
    Expiry.create(tenant=cast.contoso, kind="apns", object_id="1", name="Push", expires_at=now + timedelta(days=3),
                  state="", is_well=True)  # fmt: skip

    def all_figures():
        return (
            figures.backup_figures(), len(figures.tenant_figures(9)),
            figures.count_expiring(now, now + timedelta(days=7)), figures.oldest_due_schedule(now),
        )  # fmt: skip

    end = now + timedelta(days=9)
    assert all_figures() == (figures.BackupFigures(2, 0, now, end), 2, 1, now - timedelta(minutes=1))
    Tenant.update(is_active=False).where(Tenant.id == cast.contoso.id).execute()
    assert all_figures() == (figures.BackupFigures(1, 0, now, end), 1, 0, None)
    app = SharedApp.create(cloud="global", access="read", client_id="c", directory_id="d")
    for place, days in (("current", 4), ("previous", 1)):
        SharedAppCredential.create(
            app=app, place=place, kind="secret", sealed=b"", expires_at=now + timedelta(days=days)
        )
    for tenant, days in ((cast.contoso, 1), (cast.fabrikam, 3)):
        Credential.create(tenant=tenant, place="write", kind="secret", client_id="c", sealed=b"",
                          expires_at=now + timedelta(days=days))  # fmt: skip
    assert figures.first_other_credential_end() == now + timedelta(days=3), "of what is in force"
    Credential.delete().execute()
    assert figures.first_other_credential_end() == now + timedelta(days=4)
    SharedApp.delete().execute()
    Tenant.update(is_active=False).execute()
    assert all_figures() == (figures.BackupFigures(0, 0, None, None), 0, 0, None)
