"""Slack, by an incoming webhook: blocks (docs.slack.dev: "Sending messages using incoming webhooks", "Blocks").

Mattermost and Rocket.Chat take the same form, and show its `text` and `attachments`-less blocks as they can.
"""

from typing import Any

from actors.notices.outgoing import Outgoing, post_json, shortened

# A section's text has at most 3000 characters, a message at most 50 blocks.
MOST_LINES = 40
MAX_SECTION = 2900
_MARKS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def send(to: Outgoing) -> str:
    return post_json(to, document(to))


def document(to: Outgoing) -> dict[str, Any]:
    message = to.message
    lines = [f"{label}: {value}" for label, value in message.facts] + shortened(message.lines, MOST_LINES)
    # Plain text: in Slack's own, a policy's name could call the whole channel, or be a link to anywhere.
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(to.subject)}]
    blocks += [{"type": "section", "text": _plain(text)} for text in _sections(lines)]
    if message.link:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": f"<{message.link}|Open in Tenantkeep>"}})
    # What a notification on a phone says.
    return {"text": to.subject.translate(_MARKS), "blocks": blocks}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _sections(lines: list[str]) -> list[str]:
    sections: list[str] = []
    for line in lines:
        if sections and len(sections[-1]) + len(line) < MAX_SECTION:
            sections[-1] += "\n" + line
        else:
            sections.append(line)
    return sections
