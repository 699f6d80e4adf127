"""Microsoft Teams, by the address of a workflow: an adaptive card.

The workflow begins with "When a Teams webhook request is received", and takes a message whose attachments are adaptive
cards (learn.microsoft.com: "Create and send messages" with webhooks, and the connector's page "Microsoft Teams -
Webhook"). It answers 202 before it posts the card: what goes wrong then stands in the workflow's own history.
"""

from typing import Any

from actors.notices.outgoing import Outgoing, post_json, shortened
from db.states import Severity

# A message has at most 28 KB (learn.microsoft.com: limits and specifications for Teams).
MOST_LINES = 40
CARD = "application/vnd.microsoft.card.adaptive"
# Names of colours that a card may have.
_COLORS = {Severity.HIGH: "Attention", Severity.MEDIUM: "Warning", Severity.LOW: "Default"}


def send(to: Outgoing) -> str:
    return post_json(to, document(to))


def document(to: Outgoing) -> dict[str, Any]:
    message = to.message
    body = [_text(to.subject, weight="Bolder", size="Medium", color=_COLORS.get(message.severity or Severity.LOW))]
    body += [_text(f"{label}: {value}") for label, value in message.facts]
    body += [_text(line) for line in shortened(message.lines, MOST_LINES)]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        # What a screen reader says, and what stands where a card cannot be shown.
        "fallbackText": to.subject,
        "speak": to.subject,
        "body": body,
    }
    if message.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open", "url": message.link}]
    return {"type": "message", "attachments": [{"contentType": CARD, "contentUrl": None, "content": card}]}


def _text(text: str, **style: str | None) -> dict[str, Any]:
    """Return one paragraph. In a TextBlock, a policy's name could be a link to anywhere: it reads Markdown."""
    run = {"type": "TextRun", "text": text, **{name: value for name, value in style.items() if value}}
    return {"type": "RichTextBlock", "inlines": [run]}
