"""The texts of a notification template, one per locale."""

from graph.simulator.model.odata import Object
from graph.simulator.model.replies import Refused, Reply, bad_request, not_found
from graph.simulator.store.write_request import Call, now

_KNOWN = frozenset({"locale", "subject", "messageTemplate", "isDefault"})


def change(call: Call) -> Reply:
    unknown = sorted(set(call.body) - _KNOWN - {"@odata.type"})
    if unknown:
        raise bad_request(f"A localized message has no {unknown[0]} to set.")
    item = call.draft()
    messages = item.setdefault("localizedNotificationMessages", [])
    if call.method == "POST" and len(call.rest) == 2:
        return _add(call, item, messages)
    child = next((message for message in messages if len(call.rest) == 3 and message["id"] == call.rest[2]), None)
    if child is None:
        raise Refused(not_found("/".join(call.rest[1:])))
    if call.method == "DELETE":
        messages.remove(child)
        call.keep(item)
        return Reply(204)
    _update(call, item, child)
    return Reply(200, child)


def _add(call: Call, item: Object, messages: list[Object]) -> Reply:
    locale = str(call.body.get("locale") or "")
    if not locale or locale in {message["locale"] for message in messages}:
        raise bad_request("A localized message needs a locale that the template has not yet.")
    child = {"id": f"{item['id']}_{locale}", "lastModifiedDateTime": now(), "locale": locale,
             "subject": call.body.get("subject"), "messageTemplate": call.body.get("messageTemplate"),
             "isDefault": False}  # fmt: skip
    messages.append(child)
    if call.body.get("isDefault") is True:
        _make_default(item, child)
    call.keep(item)
    return Reply(201, child, created=f"{call.path}/{call.rest[1]}")


def _update(call: Call, item: Object, child: Object) -> None:
    if "locale" in call.body:
        raise bad_request("The locale of a message cannot be changed.")
    if call.body.get("isDefault") is False:
        raise bad_request("A message cannot be made not the default: make another one the default.")
    child.update({name: call.body[name] for name in ("subject", "messageTemplate") if name in call.body})
    child["lastModifiedDateTime"] = now()
    if call.body.get("isDefault") is True:
        _make_default(item, child)
    call.keep(item)


def _make_default(item: Object, chosen: Object) -> None:
    for message in item["localizedNotificationMessages"]:
        message["isDefault"] = message is chosen
    item["defaultLocale"] = chosen["locale"]
