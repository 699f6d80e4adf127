"""References from one device configuration to another: certificates, by `…/{navigation}/$ref`."""

from graph.microsoft import model
from graph.simulator.features.references import bound
from graph.simulator.model.collections import DM, SEVERAL, TO_CONFIGURATIONS
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import Refused, bad_request, no_route, not_found
from graph.simulator.store.known_properties import bare
from graph.simulator.store.write_request import Call

_PATH = f"{DM}/deviceConfigurations"
_FROM = (_PATH, f"{DM}/windowsAutopilotDeploymentProfiles")
_CREDENTIALS = f"{DM}/derivedCredentials"
_REFERENCES = {name.lower(): name for name in TO_CONFIGURATIONS}


def certificate_reference(call: Call) -> tuple[str, str] | None:
    """(navigation, certificate id or "") when the path is `[cast/]navigation[/id]/$ref`."""
    rest = [part for part in call.rest[1:] if not part.lower().startswith("microsoft.graph.")]
    if call.path not in _FROM or len(rest) not in (2, 3) or rest[-1].lower() != "$ref":
        return None
    name, own = _REFERENCES.get(rest[0].lower()), bare(call.item())
    casts = {part.partition("microsoft.graph.")[2] for part in call.rest[1:] if part not in rest}
    if name is None or casts - {own} or name not in model.properties(own):
        raise Refused(no_route("/".join(call.rest)))
    return name, rest[1] if len(rest) == 3 else ""


def change(call: Call, reference: tuple[str, str]) -> None:
    name, removed = reference
    item = call.draft()
    is_list = name in SEVERAL
    if call.method == "DELETE":
        _remove(item, name, removed, is_list)
    elif call.method == ("POST" if is_list else "PUT"):
        _refer(call, item, name, is_list)
    else:
        raise bad_request(f"{name} is {'a collection' if is_list else 'a single reference'}.")
    call.keep(item)


def _refer(call: Call, item: Object, name: str, is_list: bool) -> None:
    path = _CREDENTIALS if name == "derivedCredentialSettings" else _PATH
    key = bound(call.body.get("@odata.id"), path.rpartition("/")[2])
    held = call.tenant.held(path, key)
    if held is None:
        raise Refused(not_found(key))
    reference = {field: held.get(field) for field in ("id", "displayName", "@odata.type")}
    if is_list:
        item[name] = [*(held for held in item.get(name) or () if held["id"] != key), reference]
    else:
        item[name] = reference


def _remove(item: Object, name: str, removed: str, is_list: bool) -> None:
    if not is_list:
        item[name] = None
        return
    if removed not in {held["id"] for held in item.get(name) or ()}:
        raise Refused(not_found(removed))
    item[name] = [held for held in item[name] if held["id"] != removed]
