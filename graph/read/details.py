"""Parts of a policy that its own GET leaves out: presentations, secrets, images. See also graph/read/children.py."""

from typing import Any

from graph.content.secret_signs import may_lack_secrets
from graph.content.secrets import settle_secrets
from graph.errors import Forbidden, NotFound, Rejected
from graph.policy_types.policy_type import PolicyType
from graph.read.paging import follow_pages
from graph.read.proof import Proof
from graph.transport import paths
from graph.transport.batch_driver import RequestSteps

PREFIX = "#microsoft.graph."


def add_presentations(item: str, body: dict[str, Any], proof: Proof) -> RequestSteps[None]:
    """Add an administrative template's presentation values: one list below each of its definition values."""
    values = [dict(value) for value in body["definitionValues"]]
    body["definitionValues"] = values
    if not values:
        return
    answers = yield [
        paths.join(item, "definitionValues", value["id"], "presentationValues") + "?$expand=presentation"
        for value in values
    ]
    for value, answer in zip(values, answers, strict=True):
        value["presentationValues"] = yield from follow_pages(answer.require_body(), proof)


def reveal_oma_secrets(item: str, body: dict[str, Any], proof: Proof) -> RequestSteps[None]:
    """Replace encrypted OMA-URI values, which read as "****", by the plain text that a function of Graph gives."""
    settings = [dict(setting) for setting in body.get("omaSettings") or ()]
    secret = [setting for setting in settings if setting.get("isEncrypted") and setting.get("secretReferenceValueId")]
    if not secret:
        return
    body["omaSettings"] = settings
    answers = yield [
        f"{item}/getOmaSettingPlainTextValue(secretReferenceValueId='{paths.quote_literal(setting['secretReferenceValueId'])}')"
        for setting in secret
    ]
    for setting, answer in zip(secret, answers, strict=True):
        if isinstance(answer.error, Rejected):
            proof.withhold(f"omaSettings[{setting.get('omaUri')}]", "The app may not read this encrypted value.")
            continue
        setting["value"] = answer.require_body().get("value")
        proof.revealed += 1


def add_privacy_controls(item: str, body: dict[str, Any], proof: Proof) -> RequestSteps[None]:
    if body.get("@odata.type") != f"{PREFIX}windows10GeneralConfiguration":
        return
    cast = "microsoft.graph.windows10GeneralConfiguration/privacyAccessControls"
    [answer] = yield [f"{item}?$expand={cast}"]
    controls = answer.require_body().get("privacyAccessControls")
    if isinstance(controls, list):
        body["privacyAccessControls"] = controls


_IMAGES = ("themeColorLogo", "lightBackgroundLogo", "landingPageCustomizedImage")


def add_images(item: str, body: dict[str, Any], proof: Proof) -> RequestSteps[None]:
    answers = yield [f"{item}/{name}" for name in _IMAGES]
    for name, answer in zip(_IMAGES, answers, strict=True):
        if isinstance(answer.error, Rejected) and not isinstance(answer.error, NotFound | Forbidden):
            proof.withhold(name, f"Microsoft Graph did not show it: {answer.error.sentence}")
        else:
            body[name] = None if isinstance(answer.error, NotFound) else answer.require_body()


_KEPT_BACK = "Microsoft Graph never gives this secret back. Enter it again after a restore."


def note_withheld_secrets(policy_type: PolicyType, body: dict[str, Any], body_json: str, proof: Proof) -> None:
    """Name in the proof the secrets that Graph never gives, so that nobody believes the backup holds them.

    `body_json`: JSON that the body is in.
    """
    if not may_lack_secrets(policy_type, body, body_json):
        return
    for where in dict.fromkeys(secret.where for secret in settle_secrets(policy_type, body).not_held):
        proof.withhold(where, _KEPT_BACK)
