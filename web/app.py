"""The Flask application: settings, connection per request, sign-in, and every page."""

import logging

from flask import Flask, request
from flask_admin import Admin
from flask_admin.theme import Bootstrap4Theme
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect
from gunicorn.errors import AppImportError
from jinja2 import Environment
from jinja2.runtime import Macro
from werkzeug.middleware.proxy_fix import ProxyFix

import config
from actors.facade import snapshot_diff
from actors.process import logs, startup
from actors.recovery import heartbeat
from db import states
from db.accounts import sessions
from db.clock import utcnow
from db.database import database
from db.names import work_names
from web import error_pages
from web.api import problems, tokens_auth
from web.api.resources import routes
from web.change_words import authors, place_words
from web.change_words import words as change_words
from web.lists import filters, preferences
from web.presentation import formatters, layout, links, restore_text
from web.security import access, access_log, client_address, headers, who_may
from web.security.permissions import Permission
from web.translation import translation
from web.verdicts import verdicts
from web.views.assignments import assignment_list, look_up
from web.views.backups import backup_sets, dependencies, policies, run_page, runs, snapshots
from web.views.changes import (
    approved_state,
    bring_back,
    change_list,
    change_page,
    comparison,
    decide,
    moment,
    severity_rules,
)
from web.views.connecting import connect, connect_request, connecting, consent_pages, tenant_import
from web.views.copies import copies, erasures, recovery_keys
from web.views.documents import documents, provider
from web.views.fleet import act_pages, new_tenant_defaults, tenant_list
from web.views.imports import import_comparison, imports
from web.views.installation import audit, dashboard, health, search, shared_apps
from web.views.notices import channels, demo_mailbox
from web.views.people import (
    account,
    api_docs,
    entra_grants,
    kept_forms,
    notifications,
    passkeys,
    sign_in,
    tokens,
    users,
)
from web.views.readiness import readiness
from web.views.rehearsals import rehearsals
from web.views.restores import later_changes, new_restore, restore_actions, restores
from web.views.rollouts import objections, rollouts
from web.views.settings import conflict_page, setting_pages
from web.views.standards import (
    followed_item,
    followers,
    following,
    item_difference,
    item_plan,
    keeping,
    matrix,
    new_version,
    standard_exceptions,
    standard_versions,
    standards,
)
from web.views.tenants import (
    mappings,
    retention,
    schedules,
    tenant_administration,
    tenant_changes,
    tenant_page,
    tenant_switcher,
    tenants,
)

logger = logging.getLogger(__name__)

MAX_FORM_BYTES = 1024 * 1024
PAGES = (
    look_up,
    sign_in,
    tenant_switcher,
    act_pages,
    new_tenant_defaults,
    shared_apps,
    connect,
    tenant_import,
    connect_request,
    connecting,
    consent_pages,
    tenants,
    tenant_changes,
    tenant_administration,
    policies,
    dependencies,
    setting_pages,
    conflict_page,
    readiness,
    change_page,
    severity_rules,
    snapshots,
    backup_sets,
    restores,
    restore_actions,
    new_restore,
    imports,
    import_comparison,
    later_changes,
    bring_back,
    decide,
    approved_state,
    comparison,
    moment,
    mappings,
    standards,
    standard_versions,
    new_version,
    followers,
    following,
    followed_item,
    item_difference,
    item_plan,
    matrix,
    standard_exceptions,
    retention,
    documents,
    provider,
    rehearsals,
    rollouts,
    objections,
    keeping,
    runs,
    schedules,
    notifications,
    channels,
    copies,
    erasures,
    recovery_keys,
    demo_mailbox,
    audit,
    search,
    users,
    entra_grants,
    account,
    passkeys,
    tokens,
    api_docs,
    kept_forms,
    health,
)


def load_app() -> Flask:
    """Make the application for gunicorn: a refusal is one sentence and the end, not a traceback and another try."""
    try:
        app = create_app()
    except startup.REFUSALS as e:
        raise AppImportError(str(e)) from e
    heartbeat.start("web")
    return app


def create_app() -> Flask:
    """Make the application. Raises SettingsError or StartupError when it must not serve."""
    settings = config.settings()
    logs.configure(settings.log_format)
    is_checked = startup.prepare_unless_away(settings)
    app = Flask("web", template_folder="../templates", root_path=_web_folder())
    is_secure = settings.public_url.startswith("https:")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        # With the prefix, browsers take it over https from this very host alone, and no neighbour can set another.
        SESSION_COOKIE_NAME="__Host-tenantkeep" if is_secure else "tenantkeep",
        SESSION_COOKIE_SECURE=is_secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=sessions.MAX_AGE,
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=MAX_FORM_BYTES,
        # A form's token ends with the session that it is of. A time of its own would go by this host's clock alone.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        ADMIN_RAISE_ON_VIEW_EXCEPTION=True,
    )
    app.url_map.converters["int"] = access.RowIdConverter
    app.wsgi_app = client_address.with_plain_addresses(app.wsgi_app)  # type: ignore[method-assign, assignment]
    if settings.proxies:
        # Else everybody would have the proxy's address: in the audit log, and where tries are counted.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=0)  # type: ignore[method-assign]
    _connect_per_request(app, is_checked)
    headers.register(app)
    access_log.register(app)
    error_pages.register(app)
    kept_forms.register(app)
    search.register(app)
    app.before_request(access.limit_forms_before_sign_in)
    app.before_request(new_restore.allow_large_upload)
    app.before_request(imports.allow_large_upload)
    csrf = CSRFProtect(app)
    _sign_in(app)
    translation.register(app)
    _add_to_templates(app)
    _add_pages(app)
    routes.register(app, csrf)
    return app


def _web_folder() -> str:
    return __file__.rpartition("/")[0]


def _connect_per_request(app: Flask, is_checked: bool) -> None:
    def connect() -> None:  # named, and None: Flask takes any other value for the response
        nonlocal is_checked
        if request.endpoint not in health.WITHOUT_CONNECTION:
            database.connect(reuse_if_open=True)
            if not is_checked:
                startup.check_database()
                is_checked = True

    def close(_error: BaseException | None) -> None:
        if not database.is_closed():
            database.close()

    app.before_request(connect)
    app.teardown_request(close)


def _sign_in(app: Flask) -> None:
    """Sign people in by their session, and programs by their token: in the API that alone counts, and only there."""
    # Without its context processor, which asks the database for the user even to say that the database is gone.
    manager = LoginManager(app, add_context_processor=False)
    manager.session_protection = None  # sessions end in db/accounts/sessions.py; a changed address must not end one
    manager.user_loader(lambda token: None if problems.is_api_request() else sign_in.load(token))
    manager.request_loader(lambda asked: tokens_auth.load(asked) if problems.is_api_request() else None)


def _add_to_templates(app: Flask) -> None:
    _add_filters(app)
    app.jinja_env.globals.update(
        ACTIVE=states.ACTIVE,
        CopyState=states.CopyState,
        Level=states.Level,
        LockState=states.LockState,
        UNDELETE=states.Outcome.UNDELETE,
        NEW_ACTIONS=(states.Outcome.CREATE, states.Outcome.RECREATE),
        MOST_TENANTS=filters.MOST_TENANTS,
        Permission=Permission,
        back_after_choosing=layout.back_after_choosing,
        can=access.can,
        chosen_tenant=preferences.chosen_tenant,
        page_tenant=layout.page_tenant,
        signed_in_user=layout.signed_in_user,
        running_runs=layout.running_runs,
        csrf_field=layout.csrf_field,
        open_change_count=layout.open_change_count,
        unread_count=layout.unread_count,
        find_name=work_names.find_name,
        find_names=work_names.find_names,
        kind_title=formatters.kind_title,
        look_up_words=place_words.look_up,
        last_backup=tenant_page.last_backup,
        name_of=work_names.name_of,
        names_of=work_names.names_of,
        policy_type_title=formatters.policy_type_title,
        run_kinds=run_page.KINDS,
    )
    app.jinja_env.globals.update(links.OF_NAMES)
    # Last: what components use has to be there when they are compiled.
    app.jinja_env.globals.update(_components(app.jinja_env))


def _add_filters(app: Flask) -> None:
    app.jinja_env.filters.update(
        audit_detail=formatters.audit_detail,
        browser_name=formatters.browser_name,
        change_state_badge=change_words.state_badge,
        count_policies=formatters.count_policies,
        count_text=formatters.count_text,
        credential_end=lambda at: formatters.credential_end(at, utcnow()),
        credential_kind=formatters.credential_kind,
        datetime_html=formatters.datetime_html,
        with_breaks=formatters.with_breaks,
        with_times=formatters.with_times,
        doer_words=authors.doer_words,
        duration=formatters.duration,
        file_size=formatters.file_size,
        item_name=formatters.item_name,
        link_intune_addresses=formatters.link_intune_addresses,
        schedule_words=formatters.schedule_html,
        policy_state_badge=formatters.policy_state_badge,
        reason_words=restore_text.reason_words,
        restore_words=authors.restore_words,
        role_words=who_may.role_words,
        seconds_text=formatters.seconds_text,
        severity_badge=change_words.severity_badge,
        state_badge=formatters.state_badge,
        time_ago_html=formatters.time_ago_html,
        what_words=change_words.what_words,
        words=snapshot_diff.words,
    )
    app.jinja_env.filters.update(verdicts.FILTERS)


def _components(environment: Environment) -> dict[str, Macro]:
    """Return the macros of templates/components by name: all other templates use them without importing them."""
    files = environment.list_templates(filter_func=lambda name: name.startswith("components/"))
    modules = (vars(environment.get_template(name).module) for name in files)
    return {name: macro for names in modules for name, macro in names.items() if isinstance(macro, Macro)}


def _add_pages(app: Flask) -> None:
    index = dashboard.Dashboard(url="/", endpoint="admin")
    admin = Admin(app, name="Tenantkeep", theme=Bootstrap4Theme(base_template="base.html"), url="/", index_view=index)
    for lists in (tenant_list, change_list, policies, assignment_list, backup_sets, restores, documents, runs):
        lists.register(admin)
    for pages in PAGES:
        app.register_blueprint(pages.pages)
