"""Who may be changed into what, when two do it at once."""

from threading import Thread

from db.accounts import users
from db.audit.audit import SYSTEM
from db.database import database
from db.errors import Invalid
from db.models import User
from db.states import SiteRole


def test_two_admins_who_take_it_from_each_other_leave_one(cast):
    User.update(site_role=SiteRole.ADMIN).where(User.id == cast.audra.id).execute()
    one, other, refused = User.get_by_id(cast.root.id), User.get_by_id(cast.audra.id), []

    def take_it_from_the_other():
        with database.connection_context():
            try:
                users.change(other, SYSTEM, site_role=SiteRole.NONE)
            except Invalid as e:
                refused.append(str(e))

    at_once = Thread(target=take_it_from_the_other)
    with database.atomic():
        users.change(one, SYSTEM, site_role=SiteRole.NONE)
        at_once.start()
        at_once.join(0.3)
    at_once.join(60)
    assert "last active admin" in refused[0]
    assert User.get_by_id(cast.audra.id).site_role == SiteRole.ADMIN
