"""The strategy canvas (소셜미디어 마케팅 캔버스, S0.11): what the models found and what was chosen, on one page.

Nothing is estimated here: results are handed over, held against marks (`readiness`), and put into words, box by box, in
both languages (`draw_up`). `plot.plot_canvas` draws the page.
"""

from .boxes import BOXES, Canvas, Choice, Findings, draw_up
from .ready import SHARES, STAGES, measured, readiness, stage_status, stage_table

__all__ = [
    "BOXES",
    "SHARES",
    "STAGES",
    "Canvas",
    "Choice",
    "Findings",
    "draw_up",
    "measured",
    "readiness",
    "stage_status",
    "stage_table",
]
