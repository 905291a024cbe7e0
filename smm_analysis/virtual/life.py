"""People, week by week (사람들의 한 주): numpy only, vectorised over people.

Every decision compares a person's keyed uniform with a chance. Nothing couples persons but the follower graph and
what managers choose, so a change reaches only those whom it touches or whose friends it touched.
"""

from types import MappingProxyType

import numpy as np

from .luck import Luck
from .managers import BUDGET_PER_PERSON, KRW_PER_HOUR, POSTS, conditions, planned_money
from .people import People, exposures, people
from .simulation import Choices, Setting, Simulation
from .worlds import SOURCES

SURVEY_EVERY = 26
WELCOMED = 0.25  # of new customers who do not follow yet, those who begin to
BOUGHT = tuple(SOURCES.index(s) for s in ("paid", "atl"))  # customers won by one-way media


class LivingBrand:
    """The state of one brand while it is simulated."""

    def __init__(self, setting: Setting, trust_offset: float | np.ndarray, folk: People | None = None) -> None:
        self.setting, self.world = setting, setting.world
        self.trust_offset = np.broadcast_to(trust_offset, setting.weeks)
        self.luck = Luck(setting.seed, setting.brand)
        self.people = folk or people(self.luck, setting.people, setting.world.channels)
        self.conditions = conditions(self.luck, setting.weeks)
        self.plan_money = planned_money(setting, self.luck)
        self.money = np.zeros((setting.weeks, len(self.world.lines)))
        self.hours = np.zeros(setting.weeks)
        self.posts = {kind: np.zeros(setting.weeks, dtype=np.int64) for kind in POSTS}
        self.spread = self._own_strengths()
        self.log = self._empty_log()
        n = setting.people
        self.trust = self.people.trust.copy()
        self.follows = self.luck.uniform("fans", 0, n) < 0.06
        self.customer, self.active = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        self.source = np.full(n, -1, dtype=np.int8)
        self.memory = {name: np.zeros(n) for name in self.world.causes}
        self.felt_promo = np.zeros(n)
        self.open_until = np.zeros(n)
        self.mood = self.luck.normal("mood:0", 0, n)
        self.moods: list[np.ndarray] = []
        spread = self.world.rate_spread
        self.rate = self.world.rate * np.exp(spread * self.people.rate - spread**2 / 2)

    def _own_strengths(self) -> dict[str, float]:
        """Brands differ in how strongly each pull works (S4.3): a factor per pull, about 1."""
        z = self.luck.normal("strength", 0, len(self.world.causes))
        return dict(zip(self.world.causes, np.exp(self.world.brand_spread * z), strict=True))

    def _empty_log(self) -> dict[str, np.ndarray]:
        shape = self.setting.weeks, self.setting.people
        wide = self.setting.weeks, len(self.world.channels), self.setting.people
        flags = "bought shared follows active asked answered hid case crisis surveyed responded joined left took_part"
        log = {name: np.zeros(shape, dtype=bool) for name in flags.split()}
        log |= {name: np.zeros(shape, dtype=np.int16) for name in ("useful", "promo", "diffusion", "participation")}
        log |= {
            name: np.zeros(shape, dtype=np.float32) for name in ("trust", "chance", "response_hours", "close_hours")
        }
        log |= {"earned": np.zeros(shape, dtype=np.int16), "answer": np.zeros(shape, dtype=np.int8)}
        return log | {"exposures": np.zeros(wide, dtype=np.int16), "engaged": np.zeros(wide, dtype=bool)}

    def live(self, week: int, choices: Choices | None) -> None:
        """One week of everybody's life."""
        self.choose(week, choices)
        self.publish(week)
        self.see_media(week)
        self.see_posts(week)
        self.hear_friends(week)
        self.ask(week)
        self.feel(week)
        self.hide_and_follow(week)
        self.share(week)
        self.buy(week)
        self.complain(week)
        self.answer_survey(week)

    def uniform(self, purpose: str, week: int) -> np.ndarray:
        """One uniform per person, for one purpose in one week."""
        return self.luck.uniform(purpose, week, self.people.n)

    def effort(self, line: str, week: int) -> float:
        """Money on a line, in weekly budgets."""
        return self.money[week, self.world.lines.index(line)] / (BUDGET_PER_PERSON * self.people.n)

    # what the managers do

    def choose(self, week: int, choices: Choices | None) -> None:
        """Set this week's money and hours: as given, or as the policy reacts to what the managers saw."""
        if choices is not None:
            self.money[week], self.hours[week] = choices.money[week], choices.hours[week]
            return
        scale = np.array([self.setting.spend_scale.get(line, 1.0) for line in self.world.lines])
        policy = self.setting.policy
        self.money[week] = np.round(self.plan_money[week] * self._recent("bought", week) ** policy.reaction * scale)
        viral = self._recent("shared", week) > 1.2
        hours = self.money[week, self.world.lines.index("listen")] / KRW_PER_HOUR
        self.hours[week] = hours * (1 - policy.neglect * viral)

    def _recent(self, what: str, week: int) -> float:
        """The last two weeks' mean count over the last 26 weeks', held in 0.5..2; 1 while there is no record."""
        counts = self.log[what][max(0, week - 26) : week].sum(axis=1)
        known = len(counts) > 4 and counts.mean() > 0
        return float(np.clip(counts[-2:].mean() / counts.mean(), 0.5, 2)) if known else 1.0

    def publish(self, week: int) -> None:
        """Money becomes posts: whole numbers, the remainder by lot."""
        for kind, per_budget in POSTS.items():
            rate = per_budget * self.effort(kind, week) + 0.5 * (kind == "useful")
            self.posts[kind][week] = int(rate + self.luck.uniform(f"posts:{kind}", week, 1)[0])

    def answering(self, week: int) -> float:
        """The chance that a question is answered, from this week's hours per person."""
        hours = self.hours[week] * KRW_PER_HOUR / (BUDGET_PER_PERSON * self.people.n)
        return float(1 - np.exp(-hours / 0.16))

    # what people see

    def see_media(self, week: int) -> None:
        """Paid channels: saturating reach, memory that fades with the channel's own half-life."""
        for row, (name, channel) in enumerate(self.world.channels.items()):
            seen = self.exposed(name, week)
            self._remember(name, seen, self.world.half_life_weeks[name])
            self.log["exposures"][week, row] = seen
            self.log["engaged"][week, row] = (seen > 0) & (self.uniform(f"engage:{name}", week) < channel.engage)

    def exposed(self, name: str, week: int) -> np.ndarray:
        """How often each person sees a channel this week, for the money that is in it."""
        channel = self.world.channels[name]
        rate = channel.ceiling * (1 - np.exp(-self.effort(name, week) / channel.scale))
        return exposures(
            self.luck, f"see:{name}", week, rate * self.people.habit[list(self.world.channels).index(name)]
        )

    def _remember(self, what: str, seen: np.ndarray, half_life_weeks: float) -> None:
        self.memory[what] = self.memory[what] * 0.5 ** (1 / half_life_weeks) + seen

    def see_posts(self, week: int) -> None:
        """The firm's own posts: fans see most, diffusion media reach beyond them."""
        reach = {"useful": (0.9, 0.03), "promo": (0.9, 0.06), "diffusion": (0.8, 0.20), "participation": (0.7, 0.02)}
        for kind, (fans, others) in reach.items():
            rate = self.posts[kind][week] * self.people.attention * np.where(self.follows, fans, others)
            self.log[kind][week] = exposures(self.luck, f"see:{kind}", week, rate)
        self._remember("owned", self.owned(week), self.world.owned_half_life_weeks)
        self._feel_promotion(week)

    def owned(self, week: int) -> np.ndarray:
        """What of the firm's own posts a person takes in: promotion and useful ones in part, what spreads if open."""
        log = self.log
        return 0.4 * log["useful"][week] + 0.5 * log["promo"][week] + 1.2 * self.openness(week) * log["diffusion"][week]

    def _feel_promotion(self, week: int) -> None:
        """What share of the brand's posts a person has lately felt to be promotion."""
        seen = sum(self.log[kind][week] for kind in POSTS)
        share = self.log["promo"][week] / np.maximum(seen, 1)
        self.felt_promo = np.where(seen > 0, 0.8 * self.felt_promo + 0.2 * share, self.felt_promo)

    def hear_friends(self, week: int) -> None:
        """Word of mouth: what friends passed on last week."""
        told = self.people.from_friends(self.log["shared"][week - 1]) if week else np.zeros(self.people.n)
        seen = exposures(self.luck, "see:earned", week, 0.5 * told)
        self._remember("earned", seen, self.world.earned_half_life_weeks)
        self.log["earned"][week] = seen

    # what people feel and do

    def ask(self, week: int) -> None:
        """Fans and customers ask; the desk answers as far as its hours go."""
        wants = (self.follows | self.customer) * 0.10 * self.people.voice
        asked = self.uniform("ask", week) < wants
        self.log["asked"][week] = asked
        self.log["answered"][week] = asked & (self.uniform("answer", week) < self.answering(week))

    def feel(self, week: int) -> None:
        """Trust: up by answers, useful posts and taking part; down by promotion, open complaints and crises."""
        w, log = self.world, self.log
        answered, asked = log["answered"][week], log["asked"][week]
        part = log["participation"][week]
        log["took_part"][week] = (part > 0) & (self.uniform("take_part", week) < 0.05 + 0.75 * self.openness(week))
        up = w.answered_lift * answered + w.useful_lift * np.minimum(log["useful"][week], 3)
        up = up + w.seen_answers_lift * self.follows * self.people.attention * self.answering(week)
        up = up + 2 * w.participation_lift * log["took_part"][week]
        too_much = np.maximum(self.felt_promo - self.people.tolerance, 0) * np.minimum(log["promo"][week], 2)
        down = w.promo_loss * too_much + w.unanswered_loss * (asked & ~answered)
        down = down + w.complaint_loss * (self.open_until > week) + w.crisis_loss * self._in_crisis(week)
        pull_back = w.forgetting * (self.people.trust - self.trust)
        self.trust = np.clip(self.trust + up * (1 - self.trust) - down * self.trust + pull_back, 0, 1)
        log["trust"][week] = self.trust

    def crisis_response_hours(self, week: int) -> float:
        """Hours until the brand first speaks in a crisis: few where many hours go into listening."""
        z = self.luck.normal("crisis_response", week, 1)[0]
        return float(1.5 * np.exp(0.4 * z) / max(self.answering(week), 0.05) ** 1.5)

    def _in_crisis(self, week: int) -> np.ndarray:
        """Who was upset by this week's crisis, worse if the brand was slow (0, or up to 2)."""
        severity = self.conditions["crisis"][week]
        upset = (self.uniform("upset", week) < severity) & (self.follows | self.customer)
        self.log["crisis"][week] = upset
        return upset * (1 + min(self.crisis_response_hours(week) / 48, 1)) if severity else upset * 0.0

    def hide_and_follow(self, week: int) -> None:
        """Too much promotion is hidden; hiding, crises and time lose followers; shares, ads and events win some."""
        w, log = self.world, self.log
        seen = sum(log[kind][week] for kind in POSTS)
        excess = np.maximum(self.felt_promo - self.people.tolerance, 0)
        hides = 1 - np.exp(-seen * w.hide_rate * (1 + w.hide_by_promo * excess))
        log["hid"][week] = self.uniform("hide", week) < hides
        leaving = 0.003 + 0.5 * log["hid"][week] + 0.05 * w.crisis_loss * log["crisis"][week]
        leaves = self.follows & (self.uniform("leave", week) < leaving)
        joins = ~self.follows & (self.uniform("join", week) < self.joining(week))
        self.follows = (self.follows | joins) & ~leaves
        log["joined"][week], log["left"][week], log["follows"][week] = joins, leaves, self.follows

    def joining(self, week: int) -> np.ndarray:
        """Everybody's chance to begin to follow in a week, of those who do not yet."""
        log, w = self.log, self.world
        wins = 0.003 * log["diffusion"][week] + 0.06 * log["earned"][week]
        for row, channel in enumerate(w.channels.values()):
            wins = wins + channel.follow * log["exposures"][week, row]
        return 1 - np.exp(-0.0010 - w.follow_pull * wins * 0.6)

    def openness(self, week: int) -> np.ndarray | float:
        """How far a person takes up, and passes on, what spreads: little below a personal threshold of trust."""
        if not self.world.trust_opens_sharing:
            return self.world.blind_gate
        return 1 / (1 + np.exp(-(self.trust + self.trust_offset[week] - self.people.share_threshold) / 0.05))

    def share(self, week: int) -> None:
        """Passing on: needs something to pass on, and trust beyond a personal threshold."""
        log, w = self.log, self.world
        some = 0.3 * log["useful"][week] + 0.8 * log["diffusion"][week] + 1.0 * log["took_part"][week]
        some = some + 0.35 * np.minimum(log["earned"][week], 4)
        chance = np.minimum(w.share_rate * self.people.voice, 0.9) * (1 - np.exp(-some)) * self.openness(week)
        log["shared"][week] = self.uniform("share", week) < chance

    def pulls(self) -> dict[str, np.ndarray]:
        """What pulls each person towards the brand, by cause; remembered exposures, saturating."""
        return {cause: self.pull(cause, self.memory[cause]) for cause in self.world.causes}

    def pull(self, cause: str, remembered: np.ndarray) -> np.ndarray:
        """The pull of one cause, from how many of its exposures are remembered."""
        w = self.world
        strength = {"owned": w.owned_pull, "earned": w.earned_pull}
        strength |= {name: w.media_pull * channel.pull for name, channel in w.channels.items()}
        return strength[cause] * self.spread[cause] * (1 - np.exp(-remembered / 1.5))

    def market(self, week: int) -> float:
        """How well anything sells this week: season, price, stock and rivals."""
        market = self.conditions["season"][week] / self.conditions["price"][week] ** 1.5
        return market * (
            (1 - 0.7 * self.conditions["stock_out"][week]) * (1.2 - 0.4 * self.conditions["competitor"][week])
        )

    def first(self, week: int, pull: np.ndarray) -> np.ndarray:
        """The chance of a first purchase: after several exposures."""
        several = pull**3 / (pull**3 + self.people.buy_threshold**3)
        return self.market(week) * self.people.need * (self.world.spontaneous + self.world.gain * several)

    def buy(self, week: int) -> None:
        """First purchase after several exposures; repeat purchase at one's own rate while active."""
        pull, market = sum(self.pulls().values()), self.market(week)
        first = self.first(week, pull)
        again = self.active * self._own_rate() * market * (1 + self.world.media_wakes * np.tanh(pull))
        chance = np.clip(np.where(self.customer, again, first), 0, 0.95)
        bought = self.uniform("buy", week) < chance
        new = bought & ~self.customer
        self.source[new] = self._credit(week)[new]
        self._live_on(week, pull, new)
        self.log["chance"][week], self.log["bought"][week] = chance, bought

    def _own_rate(self) -> np.ndarray:
        """Purchases a week while active; in some worlds moved by the mood of some weeks ago."""
        w = self.world
        if not w.mood_moves_rate:
            return self.rate
        mood = (
            self.moods[-w.mood_lead_weeks] if w.mood_lead_weeks and len(self.moods) >= w.mood_lead_weeks else self.mood
        )
        return self.rate * np.exp(w.mood_moves_rate * mood - w.mood_moves_rate**2 / 2)

    def _credit(self, week: int) -> np.ndarray:
        """The source of a first purchase, as a firm would credit it: by lot among what the person remembers."""
        parts = np.zeros((len(SOURCES), self.people.n))
        touched = {cause: 1 - np.exp(-remembered / 1.5) for cause, remembered in self.memory.items()}
        parts[SOURCES.index("organic")] = 0.1 + 0.5 * touched["owned"]
        parts[SOURCES.index("referral")] = touched["earned"]
        for name, channel in self.world.channels.items():
            parts[SOURCES.index(channel.source)] += channel.pull * touched[name]
        total = np.cumsum(parts, axis=0)
        return (self.uniform("credit", week) * total[-1] >= total[:-1]).sum(axis=0)

    def _live_on(self, week: int, pull: np.ndarray, new: np.ndarray) -> None:
        """The hidden state: customers lapse and come back; those won by paid channels lapse sooner."""
        w = self.world
        weak = np.where(np.isin(self.source, BOUGHT), w.paid_lapse, 1.0)
        lapse = w.lapse * weak * (1 + w.trust_keeps * (1 - 2 * self.trust))
        lapses = self.uniform("lapse", week) < lapse
        waking = w.comeback * (1 + w.media_wakes * np.tanh(pull))
        returns = self.uniform("return", week) < waking + w.participation_wakes * self.log["took_part"][week]
        self.active = new | np.where(self.active, ~lapses, self.customer & returns)
        self.customer = self.customer | new
        self.log["active"][week] = self.active
        welcomed = new & ~self.follows & (self.uniform("welcome", week) < WELCOMED)
        self.follows = self.follows | welcomed
        self.log["joined"][week] |= welcomed
        self.log["follows"][week] = self.follows

    def complain(self, week: int) -> None:
        """Some purchases go wrong; a case is open until it is resolved, or half forgotten after eight weeks."""
        log, answering = self.log, self.answering(week)
        case = log["bought"][week] & (self.uniform("case", week) < 0.035)
        z, y = (self.luck.normal(p, week, self.people.n) for p in ("respond", "resolve"))
        never = self.uniform("never", week) > 0.4 + 0.6 * answering
        response = np.where(never, np.inf, 4 * np.exp(1.1 * z) / max(answering, 0.05) ** 1.5)
        close = response + 30 * np.exp(0.9 * y)
        opened = week + self.uniform("case_time", week)
        until = opened + np.minimum(close / 168, 8)
        self.open_until = np.where(case, np.maximum(self.open_until, until), self.open_until)
        log["case"][week], log["response_hours"][week], log["close_hours"][week] = case, response, close

    def answer_survey(self, week: int) -> None:
        """What everybody would answer to "would you recommend", who is asked, and who replies."""
        w = self.world
        hold = 0.5 ** (1 / w.mood_half_life_weeks)
        self.moods.append(self.mood)
        self.mood = hold * self.mood + np.sqrt(1 - hold**2) * self.luck.normal("mood", week, self.people.n)
        noise = w.answer_noise * self.luck.normal("answer_noise", week, self.people.n)
        upset = 1.5 * (self.open_until > week) * (w.complaint_loss > 0)
        score = 7.0 + w.trust_in_answer * (self.trust - 0.40) + w.mood_in_answer * self.moods[-1] + noise - upset
        score = np.clip(np.round(score), 0, 10)
        asked = self.customer & ((week + self.people.asked_in) % SURVEY_EVERY == 0)
        replies = self.uniform("reply", week) < 1 / (1 + np.exp(0.45 - 0.25 * (score - 7)))
        self.log["answer"][week], self.log["surveyed"][week] = score, asked
        self.log["responded"][week] = asked & replies

    def simulation(self) -> Simulation:
        """The finished record, read-only."""
        for array in (*self.log.values(), *self.posts.values(), self.money, self.hours, self.source):
            array.setflags(write=False)
        hours = np.array([self.crisis_response_hours(week) for week in range(self.setting.weeks)])
        told = {**self.conditions, "crisis_response_hours": hours}
        return Simulation(
            setting=self.setting,
            people=self.people,
            choices=Choices(self.money, self.hours),
            conditions=MappingProxyType(told),
            posts=MappingProxyType(self.posts),
            history=MappingProxyType(self.log),
            source=self.source,
        )
