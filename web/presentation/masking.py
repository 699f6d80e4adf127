"""How secrets inside contents are shown: to managers who ask, each time on the record (`db/backups/disclosures.py`).

What a secret is: `graph/display/masking.py`.
A page shows contents masked, whoever looks. Its “Show secrets” asks for the same page by POST: that answer has them.
"""

from actors.facade.snapshot_diff import MASK as MASK
from actors.facade.snapshot_diff import Masking as Masking
from actors.facade.snapshot_diff import mask_secrets as mask_secrets


def note(hide: Masking | None, may_show: bool) -> str:
    """What a page says of the secrets in it: "" there are none, "masked", "managers" only, or "shown"."""
    if hide is None:
        return "shown"
    if not hide.count:
        return ""
    return "masked" if may_show else "managers"
