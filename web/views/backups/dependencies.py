"""`/policies/<id>/dependencies`: what a policy refers to and what refers to it, as a list with a picture beside it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

from flask import Blueprint, render_template, request, url_for

from actors.facade import dependencies, snapshot_diff
from db.models import Policy, Snapshot, Tenant
from db.policies import policies, snapshots
from db.states import PolicyState
from web.inputs import page_number, without_nul
from web.lists.numbered_page import NumberedPage
from web.presentation.formatters import kind_title
from web.security.access import fetch, requires
from web.security.permissions import Permission
from web.translation.sentences import translated

pages = Blueprint("dependencies", __name__, url_prefix="/policies")

SHOWN, LAST_PAGE, MOST_REFERRING = 25, 99, 2000
# With more neighbours than this the picture shows their kinds.
MOST_DRAWN = 30
# The ways in which another object is a neighbour.
USES, USED_BY = "uses", "used-by"
# Of the picture, in its own units.
WIDTH, ROW, BOX_WIDTH, BOX_HEIGHT, MIDDLE = 760, 46, 220, 36, 270
LONGEST_LABEL = 30


class Neighbour(NamedTuple):
    """An object on one side of the policy. `policy_id` None: it is no policy that is known here."""

    way: str
    kind: str
    name: str
    object_id: str
    policy_id: int | None
    is_gone: bool

    @property
    def title(self) -> str:
        """The sort of object, in the reader's language."""
        return kind_title(self.kind)

    @property
    def label(self) -> str:
        if self.name:
            return self.name
        return f"{self.object_id[:8]}…" if len(self.object_id) > 12 else self.object_id


class Box(NamedTuple):
    """A box of the picture: its place, two lines of text, and where it leads."""

    x: int
    y: int
    text: str
    small: str
    said: str
    address: str
    is_gone: bool

    @property
    def short(self) -> str:
        return self.text if len(self.text) <= LONGEST_LABEL else f"{self.text[: LONGEST_LABEL - 1]}…"


@dataclass(frozen=True)
class DependencyPicture:
    """The picture: boxes of what refers to the policy on the left, of what it refers to on the right."""

    policy_name: str
    left: Sequence[Box]
    right: Sequence[Box]
    box_width: ClassVar[int] = BOX_WIDTH
    box_height: ClassVar[int] = BOX_HEIGHT
    width: ClassVar[int] = WIDTH

    @property
    def boxes(self) -> list[Box]:
        return [*self.left, *self.right]

    @property
    def height(self) -> int:
        return max(len(self.left), len(self.right), 2) * ROW

    @property
    def own(self) -> Box:
        """The policy's box, in the middle."""
        return Box(MIDDLE, self.centre - BOX_HEIGHT // 2, self.policy_name, "", self.policy_name, "", False)

    @property
    def centre(self) -> int:
        return self.height // 2

    def curve(self, box: Box) -> tuple[int, int, int, int, int]:
        """Return the line from what refers to what is referred to: x and y of its begin, x of its bend, x and y of its
        end.
        """
        at = box.y + BOX_HEIGHT // 2
        if box.x:
            begin = MIDDLE + BOX_WIDTH
            return begin, self.centre, (begin + box.x) // 2, box.x, at
        return BOX_WIDTH, at, (BOX_WIDTH + MIDDLE) // 2, MIDDLE, self.centre


@dataclass(frozen=True)
class DependencyPage(NumberedPage):
    """`neighbours`: all of both ways. `way` and `kind`: what of them the address asks for; "" is everything.

    `newest`: the snapshot that says what the policy refers to; None: it was never captured. `is_open`: it can be read.
    """

    policy: Policy
    newest: Snapshot | None
    neighbours: list[Neighbour]
    way: str
    kind: str
    number: int
    is_open: bool

    @property
    def tenant(self) -> Tenant:
        return self.policy.tenant

    @cached_property
    def chosen(self) -> list[Neighbour]:
        return [row for row in self.neighbours if self.way in ("", row.way) and self.kind in ("", row.kind)]

    @property
    def rows(self) -> list[Neighbour]:
        return self.chosen[self.number * SHOWN :][:SHOWN]

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return len(self.chosen) > (self.number + 1) * SHOWN

    def address_of(self, number: int) -> str:
        return self.address(self.way, self.kind, number)

    def address(self, way: str = "", kind: str = "", number: int = 0) -> str:
        asked = {"way": way or None, "kind": kind or None, "page": number or None}
        return url_for("dependencies.page", policy_id=self.policy.id, **asked)  # type: ignore[arg-type]

    @property
    def ways(self) -> list[tuple[str, str, int]]:
        """The ways to look at: (what the address calls it, label, number)."""
        counts = Counter(row.way for row in self.neighbours)
        parts = [("", "all", len(self.neighbours)), (USES, "it refers to", counts[USES])]
        return [*parts, (USED_BY, "refer to it", counts[USED_BY])]

    @property
    def picture(self) -> DependencyPicture:
        is_grouped = len(self.neighbours) > MOST_DRAWN
        sides = []
        for way, x in ((USED_BY, 0), (USES, WIDTH - BOX_WIDTH)):
            rows = [row for row in self.neighbours if row.way == way]
            boxes = self._kind_boxes(rows, way, x) if is_grouped else [self._box(row, x) for row in rows]
            sides.append(boxes)
        most = max(*map(len, sides), 2)
        left, right = ([_moved(box, number, len(side), most) for number, box in enumerate(side)] for side in sides)
        return DependencyPicture(self.policy.name, left, right)

    def _box(self, row: Neighbour, x: int) -> Box:
        address = (
            url_for("policies.page", policy_id=row.policy_id) if row.policy_id else self.address(row.way, row.kind)
        )
        small = f"{row.title}, {translated('deleted')}" if row.is_gone else row.title
        return Box(x, 0, row.label, small, f"{row.label}: {small}", address, row.is_gone)

    def _kind_boxes(self, rows: Sequence[Neighbour], way: str, x: int) -> list[Box]:
        counts = Counter(row.kind for row in rows)
        return [
            Box(x, 0, kind_title(kind), str(count), f"{kind_title(kind)}: {count}", self.address(way, kind), False)
            for kind, count in counts.most_common(MOST_DRAWN)
        ]


def _moved(box: Box, number: int, count: int, most: int) -> Box:
    """Return the box in its row; a side with fewer boxes than the other is in the middle of the height."""
    first = (most - count) * ROW // 2
    return box._replace(y=first + number * ROW + (ROW - BOX_HEIGHT) // 2)


@pages.get("/<policy_id>/dependencies")
@requires(Permission.SEE)
def page(policy_id: str) -> str:
    policy = fetch(Policy, policy_id, Permission.SEE)
    newest = snapshots.latest(policy)
    content = snapshot_diff.open_contents([newest])[newest.id] if newest else None
    uses = [] if content is None or newest is None else dependencies.dependencies_of(newest, content)
    way = request.args.get("way", "")
    found = DependencyPage(
        policy=policy,
        newest=newest,
        neighbours=[*map(_used, uses), *_using(policy)],
        way=way if way in (USES, USED_BY) else "",
        kind=without_nul(request.args.get("kind", "")),
        number=page_number(LAST_PAGE),
        is_open=content is not None,
    )
    return render_template("policies/dependencies.html", page=found)


def _used(row: dependencies.Dependency) -> Neighbour:
    return Neighbour(USES, row.kind, row.name, row.object_id, row.policy_id, row.is_gone)


def _using(policy: Policy) -> list[Neighbour]:
    rows = policies.that_refer_to(policy, dependencies.kinds_naming(policy.policy_type), MOST_REFERRING)
    return [
        Neighbour(USED_BY, row.policy_type, row.name, row.graph_id, row.id, row.state == PolicyState.GONE)
        for row in rows
    ]
