import re

from tests.support import servers
from web.metrics.families import FAMILIES

PAGE = (servers.ROOT / "docs" / "operating.md").read_text()


def test_the_page_has_each_with_its_kind_labels_and_words():
    rows = re.findall(r"^\| `tenantkeep_(\w+?)(_total)?(?:\{([\w,]+)\})?` \| (\w+) \| (.*) \|$", PAGE, re.M)
    assert [(name, kind, labels) for name, _, labels, kind, _ in rows] == [
        (family.name, family.kind, ",".join(family.labels)) for family in FAMILIES
    ]
    assert all(words.startswith(family.help) for (*_, words), family in zip(rows, FAMILIES, strict=True))
