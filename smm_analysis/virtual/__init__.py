"""The virtual brand (가상 브랜드): a seeded simulator of every table, with its own truth.

People on a follower graph see posts and paid channels, ask, trust, share, buy, complain, answer surveys and leave; the
`World` says how they respond, the `Policy` how managers choose, the `Plan` what the money is for. Luck is keyed by
person, week and purpose: two plans see the same luck, and their difference is the plan's.
"""

from .alone import media_alone, won_by_more
from .case_plans import hollow_answers, nokia_plans, shop_plan, shop_ways
from .contest import contest, leads
from .engine import replay, simulate
from .heard import planted_labels
from .network import whole_network
from .preferences import Guests, simulate_guests, steering, take_up
from .sample import BRANDS, SAMPLE_PLANS, write_sample
from .simulation import Simulation
from .truth import truth
from .worlds import CHANNELS, PLANS, POLICIES, WORLDS, Channel, Plan, Policy, World

__all__ = [
    "BRANDS",
    "CHANNELS",
    "PLANS",
    "POLICIES",
    "SAMPLE_PLANS",
    "WORLDS",
    "Channel",
    "Guests",
    "Plan",
    "Policy",
    "Simulation",
    "World",
    "contest",
    "hollow_answers",
    "leads",
    "media_alone",
    "nokia_plans",
    "planted_labels",
    "replay",
    "shop_plan",
    "shop_ways",
    "simulate",
    "simulate_guests",
    "steering",
    "take_up",
    "truth",
    "whole_network",
    "won_by_more",
    "write_sample",
]
