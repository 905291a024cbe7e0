"""Listening (경청): what people say, how they feel, who stands by the brand, when it gets loud (S4.8, S4.9, S2.1)."""

from .alarms.counts import hourly_counts
from .alarms.spikes import Spikes, detect_spikes
from .measures.facts import advocates
from .measures.scorecard import MEASURES, hand_off_rows, hand_off_summary, period_summary, weekly_scorecard
from .response import best_forms, best_hours
from .texts.cues import TALK, flag_talk
from .texts.labels import AdaptedSentiment, SentimentCheck, adapt_sentiment, check_sentiment
from .texts.sentiment import detect_language, score_sentiment
from .topics.richness import GroupComparison, TotalThemes, compare_with_group, themes_found, total_themes
from .topics.themes import assign_themes, find_quotes, questions, themes
from .topics.trends import Trends, emerging_themes

__all__ = [
    "MEASURES",
    "TALK",
    "AdaptedSentiment",
    "GroupComparison",
    "SentimentCheck",
    "Spikes",
    "TotalThemes",
    "Trends",
    "adapt_sentiment",
    "advocates",
    "assign_themes",
    "best_forms",
    "best_hours",
    "check_sentiment",
    "compare_with_group",
    "detect_language",
    "detect_spikes",
    "emerging_themes",
    "find_quotes",
    "flag_talk",
    "hand_off_rows",
    "hand_off_summary",
    "hourly_counts",
    "period_summary",
    "questions",
    "score_sentiment",
    "themes",
    "themes_found",
    "total_themes",
    "weekly_scorecard",
]
