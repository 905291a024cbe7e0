"""What the tables are (표 규약): every table, its columns, keys and clock. All else in this package reads `CONTRACT`.

>>> CONTRACT["surveys"].column("score").allowed
'a whole number, 0 to 10'
>>> CONTRACT["weekly"].key
('brand', 'week')
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from smm_analysis.tables.words import told
from smm_analysis.told import Told

Kind = Literal["key", "name", "text", "choice", "whole", "number", "time", "date", "week"]

EXAMPLES: dict[Kind, str] = {
    "key": "k001",
    "name": "main",
    "text": "",
    "whole": "120",
    "number": "1.5",
    "time": "2024-03-04T09:30:00+09:00",
    "date": "2024-03-04",
    "week": "2024-03-04",
}


def form(kind: Kind) -> Told:
    """Return what values of a kind look like, in words (값의 형식)."""
    return told(f"form_{kind}")


@dataclass(frozen=True)
class Column:
    """One column (열): its kind, whether it must be there, and what its values may be."""

    name: str
    kind: Kind
    required: bool = True
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    future: bool = False
    shown: str = ""

    @property
    def allowed(self) -> Told:
        """What may stand in the column, in words."""
        if self.choices:
            return told("one_of", choices=", ".join(self.choices))
        if self.low is None:
            return form(self.kind)
        return told("at_least" if self.high is None else "between", what=form(self.kind), low=self.low, high=self.high)

    @property
    def example(self) -> str:
        """A value that would do."""
        return self.shown or (self.choices[0] if self.choices else EXAMPLES[self.kind])

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers."""
        return self.kind in ("whole", "number")


@dataclass(frozen=True)
class Table:
    """One table (표).

    Attributes
    ----------
    key : columns that tell rows apart; empty where the same row may rightly come twice.
    clock : the column that says when a row came to be; `since` and `until` cut by it.
    points_to : foreign keys, column -> table whose single key it must be found in.
    order : pairs of times; the second may not be before the first.
    needs : pairs of columns; the first may stand only where the second does.
    later : outcome times -> columns that become known with them; an earlier vantage point blanks them.
    """

    name: str
    row_en: str
    row_ko: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    clock: str = ""
    points_to: dict[str, str] = field(default_factory=dict)
    order: tuple[tuple[str, str], ...] = ()
    needs: tuple[tuple[str, str], ...] = ()
    later: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def column(self, name: str) -> Column:
        """Return the column called `name`."""
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in the contract's order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the columns that must be there."""
        return tuple(column.name for column in self.columns if column.required)


LINES = ("atl", "btl", "online", "outdoor")


def _key(name: str, shown: str = "", required: bool = True) -> Column:
    return Column(name, "key", required, shown=shown)


def _name(name: str, shown: str = "", required: bool = True) -> Column:
    return Column(name, "name", required, shown=shown)


def _choice(name: str, *choices: str, required: bool = True) -> Column:
    return Column(name, "choice", required, choices)


def _count(name: str, shown: str = "", required: bool = True, high: float | None = None) -> Column:
    return Column(name, "whole", required, low=0, high=high, shown=shown)


def _balance(name: str, shown: str) -> Column:
    """Build a whole number that returns and refunds may turn negative."""
    return Column(name, "whole", shown=shown)


def _time(name: str, required: bool = True, future: bool = False, shown: str = "") -> Column:
    return Column(name, "time", required, future=future, shown=shown)


_BRAND = _key("brand", "mybrand")
_WEEK = Column("week", "week")

_TABLES = (
    Table(
        "posts",
        "one thing the firm published",
        "회사가 올린 게시물 하나",
        (
            _key("post_id", "p001"),
            _BRAND,
            _time("published_at"),
            _key("medium", "blog"),
            _choice("role", "central", "diffusion"),
            _choice("kind", "answer", "useful", "emotional", "promo", "event", "participation"),
            _key("linked_post_id", "p000", required=False),
            _count("impressions", "5200"),
            _count("reach", "4100"),
            _count("reactions", "180"),
            _count("comments", "12"),
            _count("shares", "25"),
            _count("hides", "3"),
        ),
        key=("post_id",),
        clock="published_at",
        points_to={"linked_post_id": "posts"},
    ),
    Table(
        "post_daily",
        "one post's day, by where the views came from",
        "게시물 하나의 하루, 유입 경로별",
        (
            _key("post_id", "p001"),
            Column("date", "date"),
            _choice("source", "feed", "search", "share", "link"),
            _count("views", "340"),
            _count("shares", "4"),
        ),
        key=("post_id", "date", "source"),
        clock="date",
        points_to={"post_id": "posts"},
    ),
    Table(
        "mentions",
        "one thing a person or the brand wrote",
        "사람이나 브랜드가 쓴 글 하나",
        (
            _key("mention_id", "m001"),
            _BRAND,
            _time("created_at"),
            _key("medium", "blog"),
            _key("author_key", "a7f3c2"),
            _choice("author_role", "customer", "staff", "brand", "unknown"),
            Column("text", "text", required=False, shown="배송이 빨라서 좋았어요"),
            _name("lang", "ko", required=False),
            _key("parent_id", "p001", required=False),
            _key("thread_id", "t001", required=False),
            _count("reach", "900", required=False),
            _count("engagement", "14", required=False),
            Column("sentiment", "number", required=False, low=-1, high=1, shown="0.6"),
        ),
        key=("mention_id",),
        clock="created_at",
    ),
    Table(
        "shares",
        "one passing-on of a post or mention",
        "게시물이나 글이 한 번 전달된 것",
        (
            _key("item_id", "p001"),
            _key("author_key", "a7f3c2"),
            _time("shared_at"),
            _key("via_author_key", "b19d04", required=False),
        ),
        clock="shared_at",
    ),
    Table(
        "cases",
        "one complaint followed through",
        "끝까지 따라간 불만 한 건",
        (
            _key("case_id", "case01"),
            _BRAND,
            _time("opened_at"),
            _key("mention_id", "m001", required=False),
            _time("first_response_at", required=False, shown="2024-03-04T11:00:00+09:00"),
            _time("resolved_at", required=False, shown="2024-03-05T16:00:00+09:00"),
            _name("team", "care", required=False),
            _choice("responder", "firm", "advocate", required=False),
            _key("customer_key", "c001", required=False),
        ),
        key=("case_id",),
        clock="opened_at",
        points_to={"mention_id": "mentions", "customer_key": "customers"},
        order=(("opened_at", "first_response_at"), ("opened_at", "resolved_at")),
        later={"first_response_at": ("responder",), "resolved_at": ()},
    ),
    Table(
        "weekly",
        "one brand's week",
        "브랜드 하나의 한 주",
        (
            _BRAND,
            _WEEK,
            _count("followers", "15200"),
            _count("new_followers", "240"),
            _count("lost_followers", "60"),
            _count("new_customers", "35"),
            _balance("units", "410"),
            _balance("revenue", "12300000"),
        ),
        key=("brand", "week"),
        clock="week",
    ),
    Table(
        "effort",
        "what one activity cost in a week",
        "활동 하나에 한 주 동안 든 비용",
        (
            _BRAND,
            _WEEK,
            _choice("activity", "listen", "useful", "promo", "diffusion", "participation", "other"),
            _count("cost", "350000"),
            Column("hours", "number", required=False, low=0, shown="6.5"),
        ),
        key=("brand", "week", "activity"),
        clock="week",
    ),
    Table(
        "media",
        "one paid channel's week",
        "유료 매체 하나의 한 주",
        (
            _BRAND,
            _WEEK,
            _name("channel", "tv"),
            _choice("line", *LINES),
            _count("spend", "8000000"),
            _count("impressions", "210000"),
            _count("reach", "95000"),
            _count("engaged", "1300"),
        ),
        key=("brand", "week", "channel"),
        clock="week",
    ),
    Table(
        "reach_frequency",
        "how many people saw a channel how often",
        "한 채널을 몇 번 본 사람이 몇 명인지",
        (
            _BRAND,
            _name("period", "2024-Q1"),
            _name("channel", "tv"),
            _choice("line", *LINES),
            _count("frequency", "2"),
            _count("people", "31000"),
            _count("target_people", "9000", required=False),
            _count("impressions", "62000", required=False),
            _count("universe", "500000", required=False),
            _count("panel_n", "2000", required=False),
        ),
        key=("brand", "period", "channel", "frequency"),
    ),
    Table(
        "duplication",
        "how many people saw both channels",
        "두 채널을 모두 본 사람이 몇 명인지",
        (
            _BRAND,
            _name("period", "2024-Q1"),
            _name("channel_a", "tv"),
            _name("channel_b", "sns"),
            _count("people", "12000"),
            _count("target_people", "4000", required=False),
        ),
        key=("brand", "period", "channel_a", "channel_b"),
    ),
    Table(
        "controls",
        "what else moved the week",
        "그 주를 움직인 다른 요인",
        (_BRAND, _WEEK, _name("name", "price"), Column("value", "number", shown="0.95")),
        key=("brand", "week", "name"),
        clock="week",
    ),
    Table(
        "events",
        "something dated",
        "날짜가 있는 사건",
        (
            _BRAND,
            _time("start", shown="2024-03-04"),
            _time("end", future=True, shown="2024-03-10"),
            _choice("kind", "crisis", "campaign", "shock", "experiment"),
            Column("note", "text", required=False, shown="봄 체험단"),
        ),
        clock="start",
        order=(("start", "end"),),
    ),
    Table(
        "customers",
        "one customer",
        "고객 한 명",
        (
            _key("customer_key", "c001"),
            _BRAND,
            _time("acquired_at"),
            _choice("source", "organic", "referral", "paid", "atl", "btl"),
            _name("segment", "family", required=False),
            _key("author_key", "a7f3c2", required=False),
            _key("referred_by", "c000", required=False),
        ),
        key=("customer_key",),
        clock="acquired_at",
        points_to={"referred_by": "customers"},
    ),
    Table(
        "purchases",
        "one purchase",
        "구매 한 건",
        (_key("customer_key", "c001"), _time("purchased_at"), _balance("amount", "29900")),
        clock="purchased_at",
        points_to={"customer_key": "customers"},
    ),
    Table(
        "surveys",
        "one question sent to a customer",
        "고객에게 보낸 질문 하나",
        (
            _key("customer_key", "c001"),
            _time("asked_at"),
            _choice("question", "recommend", "satisfaction", "trust", "intimacy"),
            _time("answered_at", required=False, shown="2024-03-04T20:15:00+09:00"),
            _count("score", "9", required=False, high=10),
        ),
        clock="asked_at",
        points_to={"customer_key": "customers"},
        order=(("asked_at", "answered_at"),),
        needs=(("score", "answered_at"),),
        later={"answered_at": ("score",)},
    ),
    Table(
        "follows",
        "one link between two people, or a person and the brand",
        "사람과 사람, 또는 사람과 브랜드 사이의 팔로우 하나",
        (_key("follower_key", "a7f3c2"), _key("followed_key", "b19d04"), _key("brand", "mybrand", required=False)),
    ),
    Table(
        "leads",
        "one stage that a social handle entered",
        "소셜 계정 하나가 들어선 단계",
        (
            _key("lead_key", "l001"),
            _key("author_key", "a7f3c2"),
            _BRAND,
            _choice("stage", "lead", "qualified", "customer", "lost"),
            _time("entered_at"),
            _key("post_id", "p001", required=False),
            _key("customer_key", "c001", required=False),
        ),
        key=("lead_key", "stage", "entered_at"),
        clock="entered_at",
        points_to={"post_id": "posts", "customer_key": "customers"},
    ),
)

CONTRACT: dict[str, Table] = {table.name: table for table in _TABLES}
