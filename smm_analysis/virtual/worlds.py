"""Registries of the virtual brand: worlds (세계), policies (정책), plans (계획) and paid channels (매체).

A `World` is how people respond, a `Policy` is how managers choose week by week, a `Plan` is what they set
out to do with the money. Add one by adding an entry; every name is looked up with `find`. A world may have channels of
its own: they need a half-life there, and a share of the money in the plans that are run in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeVar

import numpy as np

T = TypeVar("T")

ACTIVITIES = ("listen", "useful", "promo", "diffusion", "participation", "other")
SOURCES = ("organic", "referral", "paid", "atl", "btl")


@dataclass(frozen=True)
class Channel:
    """One paid channel (유료 매체): whom it reaches, how it saturates, how many engage.

    `ceiling` is exposures per person and week at endless money, `scale` the spend (in weekly budgets) that buys
    63% of it, `engage` the chance that one exposed person takes part in a week, `target` how much more often
    the target segment sees it, `follow` the chance that an exposure wins a follower, `weeks_on` how many weeks of
    thirteen it runs where media run in flights.
    """

    line: str
    source: str
    ceiling: float
    scale: float
    pull: float
    engage: float
    target: float
    follow: float
    weeks_on: int


CHANNELS: Mapping[str, Channel] = MappingProxyType(
    {
        "tv": Channel("atl", "atl", 1.0, 0.30, 0.95, 0.004, 1.0, 0.002, 4),
        "newspaper": Channel("atl", "atl", 0.35, 0.25, 0.60, 0.003, 0.8, 0.001, 3),
        "outdoor": Channel("outdoor", "atl", 1.5, 0.25, 0.25, 0.002, 1.0, 0.001, 6),
        "sns_ads": Channel("online", "paid", 1.5, 0.15, 0.60, 0.020, 1.3, 0.030, 5),
        "events": Channel("btl", "btl", 0.35, 0.15, 1.00, 0.300, 3.4, 0.050, 2),
    }
)
LINES = ACTIVITIES + tuple(CHANNELS)


def _in_place_of(name: str, other: str) -> Channel:
    """A channel that reaches and engages as another does, but keeps its line, its source and its flights."""
    own = CHANNELS[name]
    return replace(CHANNELS[other], line=own.line, source=own.source, weeks_on=own.weeks_on)


_CHANGED_PLACES = MappingProxyType(
    CHANNELS
    | {name: _in_place_of(name, "events") for name in ("tv", "newspaper")}
    | {"events": _in_place_of("events", "tv")}
)

SHORT_ATL = MappingProxyType({"tv": 0.8, "newspaper": 0.6, "outdoor": 2.0, "sns_ads": 0.7, "events": 5.0})
LONG_ATL = MappingProxyType({"tv": 8.0, "newspaper": 6.0, "outdoor": 2.0, "sns_ads": 0.7, "events": 1.0})


@dataclass(frozen=True)
class World:
    """How people respond (사람이 반응하는 방식): every planted number of the simulator.

    `summary` states the planted truth, `naive` what a first look reads and why it is wrong; `true` and `false` name the
    claims that the world plants. Rates are per week, trust lies in 0..1.

    Examples
    --------
    >>> WORLDS["nothing_matters"].naive.partition(":")[0]
    'Season moves sales and spend alike, and reactive managers spend after good weeks'
    """

    name: str
    summary: str
    naive: str
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    # trust (신뢰)
    answered_lift: float = 0.18
    unanswered_loss: float = 0.08
    seen_answers_lift: float = 0.028
    useful_lift: float = 0.016
    participation_lift: float = 0.035
    promo_loss: float = 0.20
    complaint_loss: float = 0.08
    crisis_loss: float = 0.25
    forgetting: float = 0.018
    # sharing (공유)
    share_rate: float = 0.55
    trust_opens_sharing: bool = True
    blind_gate: float = 0.3
    # hides (숨기기)
    hide_rate: float = 0.0012
    hide_by_promo: float = 14.0
    # first purchase (첫 구매)
    spontaneous: float = 0.0007
    gain: float = 0.018
    owned_pull: float = 0.40
    earned_pull: float = 1.10
    media_pull: float = 0.8
    follow_pull: float = 1.0
    channels: Mapping[str, Channel] = field(default_factory=lambda: CHANNELS)
    half_life_weeks: Mapping[str, float] = field(default_factory=lambda: SHORT_ATL)
    earned_half_life_weeks: float = 4.0
    owned_half_life_weeks: float = 2.0
    # repeat purchase (재구매)
    rate: float = 0.115
    rate_spread: float = 0.65
    lapse: float = 0.055
    comeback: float = 0.035
    paid_lapse: float = 2.4
    trust_keeps: float = 0.5
    media_wakes: float = 0.25
    participation_wakes: float = 0.40
    mood_moves_rate: float = 0.0
    mood_lead_weeks: int = 0
    mood_half_life_weeks: float = 13.0
    # surveys (설문)
    trust_in_answer: float = 5.0
    mood_in_answer: float = 0.8
    answer_noise: float = 1.4
    # posts (게시물)
    link_synergy: float = 1.35
    # brands (브랜드 간 차이)
    brand_spread: float = 0.2

    @property
    def lines(self) -> tuple[str, ...]:
        """What money can be spent on: activities, then this world's paid channels."""
        return ACTIVITIES + tuple(self.channels)

    @property
    def causes(self) -> tuple[str, ...]:
        """What can pull a person to a first purchase."""
        return (*self.channels, "owned", "earned")


_DEFAULT = World(
    name="default",
    summary="The texts are right: listening makes trust, trust opens sharing, promotion wears people out, paid "
    "customers leave sooner, mass media fade fast, and a survey answer says little that behaviour does not.",
    naive="Sales follow spend and followers follow ads, so the cheapest follower looks best; but managers spend more "
    "when demand is up, and bought followers neither share nor stay.",
    true=(
        *("S0.2", "S0.3", "S0.4", "S0.7a", "S0.7b", "S0.8", "S1.2", "S1.6"),
        *("S3.1a", "S3.1b", "S3.1c", "S3.2", "S3.3", "S4.2", "S4.4", "S4.5"),
    ),
)


def _world(name: str, summary: str, naive: str, false: tuple[str, ...], true: tuple[str, ...] = (), **changes) -> World:
    return replace(_DEFAULT, name=name, summary=summary, naive=naive, false=false, true=true, **changes)


WORLDS: Mapping[str, World] = MappingProxyType(
    {
        w.name: w
        for w in (
            _DEFAULT,
            _world(
                "trust_does_not_matter",
                "People share at one rate, trusted brand or not: S0.2 and S0.3 are false.",
                "Weeks with high trust still have many shares, because useful posts raise both; reading that as "
                "trust's work is confounding by content.",
                ("S0.2", "S0.3"),
                trust_opens_sharing=False,
            ),
            _world(
                "paid_is_loyal",
                "Customers won by ads or mass media lapse no sooner than others: S0.7b is false.",
                "Paid cohorts arrive in flights and at the end of the record, so at any date they are younger and less "
                "of their loyalty has been seen; counting purchases so far calls them disloyal.",
                ("S0.7b",),
                paid_lapse=1.0,
            ),
            _world(
                "promotion_is_harmless",
                "Nobody has too much promotion: no extra hides, no lost trust; S0.8 is false.",
                "More promotion means more posts and impressions, so the count of hides rises with it; hides per 1,000 "
                "impressions do not.",
                ("S0.8",),
                promo_loss=0.0,
                hide_by_promo=0.0,
            ),
            _world(
                "mass_media_last",
                "TV and newspaper are remembered for weeks, events for days: S3.1b is false.",
                "Spend comes in flights; without a carry-over term, sales after a TV flight are credited to what "
                "follows, and TV looks short.",
                ("S3.1b",),
                half_life_weeks=LONG_ATL,
            ),
            _world(
                "mass_media_engage",
                "TV and newspaper reach the segment and draw people in, events are watched from afar: S3.1a, S3.1c "
                "and S3.2 are false.",
                "None: what each line costs, reaches and engages is counted week by week.",
                ("S3.1a", "S3.1c", "S3.2"),
                channels=_CHANGED_PLACES,
            ),
            _world(
                "answers_tell",
                "The mood in an answer moves purchases some weeks later, before behaviour shows it: the answer adds to "
                "behaviour (second verdict of S4.4).",
                "The same week's purchases hardly differ between promoters and detractors, so NPS looks empty; it "
                "speaks of the weeks to come.",
                (),
                ("S4.4 adds",),
                mood_moves_rate=0.9,
                mood_lead_weeks=8,
                mood_in_answer=2.0,
                answer_noise=0.5,
                trust_in_answer=2.0,
            ),
            _world(
                "nps_is_everything",
                "All customers buy at a rate set by the lasting attitude that they state without error: behaviour adds "
                "nothing to the answer; S4.4 is false.",
                "Frequent buyers go on buying, so behaviour predicts well on its own; it is an echo of the attitude.",
                ("S4.4",),
                rate_spread=0.0,
                lapse=0.0,
                media_wakes=0.0,
                mood_moves_rate=0.7,
                mood_half_life_weeks=float("inf"),
                mood_in_answer=2.2,
                answer_noise=0.0,
                trust_in_answer=0.0,
            ),
            _world(
                "friends_win",
                "Strangers come by what friends pass on, within a week or two, and friends pass on what they trust; "
                "ads and the firm's own posts do little, as of a brand that people hear of from people: S0.3, S0.4 "
                "and S1.2 are strongly true.",
                "The records call many of these customers organic or paid, by what else they remember.",
                (),
                ("S0.3", "S0.4", "S1.2"),
                earned_pull=1.2,
                earned_half_life_weeks=1.0,
                owned_pull=0.1,
                media_pull=0.3,
                gain=0.15,
            ),
            _world(
                "firm_wins",
                "The firm's own posts win strangers, what friends pass on wins nobody: S1.2 is false.",
                "Much is passed on where much is posted, so that customers follow shares; and the records call many of "
                "them referred.",
                ("S1.2",),
                earned_pull=0.0,
                owned_pull=2.0,
                media_pull=0.3,
                gain=0.12,
            ),
            _world(
                "nothing_matters",
                "Nothing that managers do has an effect, and NPS is noise: people buy at their own rates.",
                "Season moves sales and spend alike, and reactive managers spend after good weeks: spend and sales "
                "correlate without any effect.",
                ("S0.2", "S0.3", "S0.4", "S0.7a", "S0.7b", "S0.8", "S1.2", "S1.6", "S3.1b", "S3.3", "S4.2"),
                answered_lift=0.0,
                unanswered_loss=0.0,
                seen_answers_lift=0.0,
                useful_lift=0.0,
                participation_lift=0.0,
                promo_loss=0.0,
                complaint_loss=0.0,
                crisis_loss=0.0,
                trust_opens_sharing=False,
                hide_by_promo=0.0,
                spontaneous=0.0045,
                owned_pull=0.0,
                earned_pull=0.0,
                media_pull=0.0,
                follow_pull=0.0,
                paid_lapse=1.0,
                trust_keeps=0.0,
                media_wakes=0.0,
                participation_wakes=0.0,
                trust_in_answer=0.0,
                mood_in_answer=0.0,
                answer_noise=2.0,
                link_synergy=1.0,
            ),
        )
    }
)


@dataclass(frozen=True)
class Policy:
    """How managers choose week by week (관리자가 고르는 방식).

    `reaction` is the elasticity of this week's money to last week's demand, `neglect` the share of answering hours
    lost after a viral week, `season` the elasticity to the season they foresee, `holdout` draws weeks at random in
    which a line is halved or paused, `jitter` is everyday unevenness (log scale).
    """

    name: str
    summary: str
    reaction: float = 0.0
    neglect: float = 0.0
    season: float = 0.0
    holdout: bool = False
    jitter: float = 0.35


POLICIES: Mapping[str, Policy] = MappingProxyType(
    {
        p.name: p
        for p in (
            Policy("planned", "Money as planned, whatever happens; only everyday unevenness."),
            Policy(
                "reactive",
                "More money when demand rises, fewer answers after a viral week: spend follows sales, and the naive "
                "slope of sales on spend is too steep.",
                reaction=1.2,
                neglect=0.5,
            ),
            Policy(
                "seasonal",
                "More money when the season is good: season moves both, and the naive slope credits spend with it.",
                season=2.0,
            ),
            Policy(
                "experimenting",
                "Lines are paused or doubled in two-week blocks drawn by lot: spend owes nothing to demand, and a "
                "plain comparison is fair.",
                holdout=True,
            ),
        )
    }
)

Shares = Mapping[str, float]


@dataclass(frozen=True)
class Plan:
    """What is done with the money (돈의 계획): shares of the budget by phase.

    `phases` are (until, shares): the shares hold until that part of the horizon. `flights`: media run in flights
    (on and off). `burst`: all money comes in one week of thirteen. Every plan spends the same total.
    """

    name: str
    summary: str
    phases: tuple[tuple[float, Shares], ...]
    flights: bool = True
    burst: bool = False

    def shares(self, week: int, weeks: int, lines: tuple[str, ...] = LINES) -> np.ndarray:
        """Shares of the budget in one week, in the order of `lines`; shape (lines,)."""
        part = next(shares for until, shares in self.phases if week < until * weeks or until >= 1)
        return np.array([part[line] for line in lines]) / sum(part.values())


def _mix(listen: float, useful: float, promo: float, diffusion: float, participation: float, media: float) -> Shares:
    """Shares of a week's money; what is left of 100 is `other`, media are split over the channels."""
    split = {"tv": 0.34, "newspaper": 0.12, "outdoor": 0.14, "sns_ads": 0.24, "events": 0.16}
    acts = dict(zip(ACTIVITIES, (listen, useful, promo, diffusion, participation), strict=False))
    other = 100 - sum(acts.values()) - media
    return MappingProxyType({**acts, "other": other, **{c: media * part for c, part in split.items()}})


_BASIC = _mix(28, 28, 4, 2, 4, 30)
_DIFFUSION = _mix(3, 5, 14, 42, 3, 30)
_SETTLED = _mix(18, 15, 5, 25, 4, 30)
_LIVELY = _mix(14, 12, 5, 5, 30, 30)
_EVEN = _mix(16, 16, 8, 18, 6, 32)


def _plan(name: str, summary: str, *phases: tuple[float, Shares], **options: bool) -> tuple[str, Plan]:
    return name, Plan(name, summary, phases, **options)


PLANS: Mapping[str, Plan] = MappingProxyType(
    dict(
        (
            _plan("basic_only", "Listen and help on the central medium, hardly any diffusion.", (1, _BASIC)),
            _plan("diffusion_only", "Spread from the first week; hardly anybody listens.", (1, _DIFFUSION)),
            _plan(
                "basic_then_diffusion",
                "Listen and help for the first third, then spread while the listening goes on.",
                (1 / 3, _BASIC),
                (1, _SETTLED),
            ),
            _plan(
                "participation_first",
                "Customers' participation at once, diffusion after it.",
                (0.5, _LIVELY),
                (1, _SETTLED),
            ),
            _plan(
                "participation_after",
                "Diffusion first, customers' participation when it has settled.",
                (0.5, _SETTLED),
                (1, _LIVELY),
            ),
            _plan("paid_heavy", "Two thirds of the money into paid channels.", (1, _mix(6, 7, 8, 6, 3, 67))),
            _plan("promotion_heavy", "Offers and adverts on every medium.", (1, _mix(7, 7, 36, 14, 3, 30))),
            _plan("steady", "The same mix every week.", (1, _EVEN), flights=False),
            _plan("burst", "The same mix, all of it in one week of thirteen.", (1, _EVEN), flights=False, burst=True),
        )
    )
)


def find(registry: Mapping[str, T], what: str, name: str | T) -> T:
    """The entry of that name; an entry itself passes through.

    Raises
    ------
    ValueError
        An unknown name; the message lists the known ones.
    """
    if not isinstance(name, str):
        return name
    if name not in registry:
        raise ValueError(f"{what} {name!r} is not known; known are: {', '.join(registry)}")
    return registry[name]
