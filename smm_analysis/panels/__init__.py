"""Big logs to small panels (큰 로그에서 작은 패널로): written once in Ibis, run by DuckDB or Spark.

Models need a row a week or a row a customer. Where the logs outgrow the machine they are summed up where they lie:

>>> from smm_analysis import tables                                     # doctest: +SKIP
>>> with tables.logs("big_data", engine="spark://master:7077") as logs:  # doctest: +SKIP
...     weeks = logs.mention_weeks(within="24h")
...     features = logs.customer_features("2026-06-30", half_life_weeks=13)
"""

from .cache import Store, key_of
from .checking import Checked, Found, Rule, check
from .connect import Engine, connect
from .customers import customer_features
from .faults import BrokenPart, PanelError
from .logs import Logs, open_logs
from .mentions import Counting, mention_sums
from .others import duplication, media_weeks, reach_frequency, response_times
from .parts import Part, check_columns, parts_of
from .reading import Expression, Log, in_order, keys_of, to_frame
from .times import Clock, microseconds
from .weekly import mention_weeks, refreshed_parts

__all__ = [
    "BrokenPart",
    "Checked",
    "Clock",
    "Counting",
    "Engine",
    "Expression",
    "Found",
    "Log",
    "Logs",
    "PanelError",
    "Part",
    "Rule",
    "Store",
    "check",
    "check_columns",
    "connect",
    "customer_features",
    "duplication",
    "in_order",
    "key_of",
    "keys_of",
    "media_weeks",
    "mention_sums",
    "mention_weeks",
    "microseconds",
    "open_logs",
    "parts_of",
    "reach_frequency",
    "refreshed_parts",
    "response_times",
    "to_frame",
]
