"""Attention (주목): how long a post lives and how soon it is read, on blog and SNS, alone and linked (S3.4, S3.5).

Both start from the views of each post by calendar day (`post_days`). Young posts are censored: what they have not had
time for is not counted against them. Intervals come from posts drawn anew.
"""

from .days import GROUPS, PostDays, post_days
from .decay import Decay, view_decay
from .life import KINDS
from .readers import Readers, time_to_readers

__all__ = ["GROUPS", "KINDS", "Decay", "PostDays", "Readers", "post_days", "time_to_readers", "view_decay"]
