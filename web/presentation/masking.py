"""Masked secrets inside contents. Managers may see them, each time on the record (`db/backups/disclosures.py`).

What a secret is: `graph/display/masking.py`.
A page shows contents masked, whoever looks. Its “Show secrets” asks for the same page by POST: that answer has them.
"""

from actors.facade.snapshot_diff import MASK as MASK
from actors.facade.snapshot_diff import Masking as Masking
from actors.facade.snapshot_diff import mask_secrets as mask_secrets


def secrets_note(hide: Masking | None, may_show: bool) -> str:
    """Return what a page says of its secrets: "" for none, "masked", "managers" (only they may see them), or
    "shown".
    """
    if hide is None:
        return "shown"
    if not hide.count:
        return ""
    return "masked" if may_show else "managers"
