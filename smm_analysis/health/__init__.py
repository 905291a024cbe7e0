"""Customer health (고객 건전성): what customers answer (NPS) against what they do (S4.4, S4.5).

The Net Promoter Score with its interval; recency-weighted behaviour and its half-life; an honest comparison of
predictors, trained one horizon before the cut-off and tested once at the cut-off; a health score that shows what it is
made of; what NPS adds to behaviour; and the guards against fooling oneself.

>>> net_promoter([10, 9, 9, 8, 7, 7, 3, 3, None]).nps
12.5
"""

from .activity import (
    HalfLife,
    History,
    activity_history,
    decayed_activity,
    estimate_half_life,
    half_life_of,
    log_decayed_activity,
)
from .added import AddedValue, added_by_view, adds_value
from .comparison import (
    PREDICTORS,
    PredictorComparison,
    compare_predictors,
    fit_predictors,
    predict_purchases,
    purchase_panel,
)
from .evaluation import auc, calibration_table, compare_auc, compare_log_loss, evaluate
from .guards import (
    MIN_CUSTOMERS,
    LookAhead,
    NonResponse,
    RecordedAfterwards,
    SurvivorsOnly,
    TooLittleData,
    check_eligible,
    check_response,
)
from .nps import (
    IntervalMethod,
    NetPromoter,
    NpsBounds,
    WeightedNps,
    compare_nps,
    net_promoter,
    net_promoter_by,
    nps_bounds,
    nps_interval,
    reweighted_nps,
)
from .score import (
    COMPONENTS,
    MEASURES,
    CustomerHealth,
    customer_measures,
    equal_weights,
    health_of,
    health_score,
    shrink,
    typical_customers,
)

__all__ = [
    "COMPONENTS",
    "MEASURES",
    "MIN_CUSTOMERS",
    "PREDICTORS",
    "AddedValue",
    "CustomerHealth",
    "HalfLife",
    "History",
    "IntervalMethod",
    "LookAhead",
    "NetPromoter",
    "NonResponse",
    "NpsBounds",
    "PredictorComparison",
    "RecordedAfterwards",
    "SurvivorsOnly",
    "TooLittleData",
    "WeightedNps",
    "activity_history",
    "added_by_view",
    "adds_value",
    "auc",
    "calibration_table",
    "check_eligible",
    "check_response",
    "compare_auc",
    "compare_log_loss",
    "compare_nps",
    "compare_predictors",
    "customer_measures",
    "decayed_activity",
    "equal_weights",
    "estimate_half_life",
    "evaluate",
    "fit_predictors",
    "half_life_of",
    "health_of",
    "health_score",
    "log_decayed_activity",
    "net_promoter",
    "net_promoter_by",
    "nps_bounds",
    "nps_interval",
    "predict_purchases",
    "purchase_panel",
    "reweighted_nps",
    "shrink",
    "typical_customers",
]
