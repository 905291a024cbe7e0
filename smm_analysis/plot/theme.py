"""The theme of all figures (그림 테마): palette, Korean font, money on axes."""

from __future__ import annotations

import sys
from importlib.resources import files

import matplotlib as mpl
import seaborn as sns
from matplotlib import font_manager
from matplotlib.ticker import FuncFormatter

from smm_analysis.terms import Lang

# Okabe and Ito's palette, darkest first: told apart by people of every colour vision, and in grey
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
GREY = "#6b6f76"
_FONT = "Noto Sans KR"


def set_theme() -> None:
    """Set the theme for every figure that follows (그림 테마): palette, sizes, and a font that has Hangul.

    The Korean font comes first and DejaVu Sans second: the other order breaks mathtext.
    """
    _sharpen()
    sns.set_theme(context="notebook", style="whitegrid", palette=PALETTE)
    path = str(files("pylopdf_fonts_ko").joinpath("NotoSansKR-Regular.otf"))
    if _FONT not in {font.name for font in font_manager.fontManager.ttflist}:
        font_manager.fontManager.addfont(path)
    mpl.rcParams.update(
        {
            "font.family": [_FONT, "DejaVu Sans"],
            "figure.figsize": (8.0, 4.2),
            "figure.constrained_layout.use": True,
            "figure.dpi": 110,
            "axes.titlelocation": "left",
            "axes.titlesize": "medium",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "grid.alpha": 0.4,
            "legend.frameon": False,
            "svg.fonttype": "none",
        }
    )


def _sharpen() -> None:
    """In a notebook, draw two pixels where one is shown, unless somebody chose the figures' format."""
    if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()):
        from matplotlib_inline.backend_inline import set_matplotlib_formats
        from matplotlib_inline.config import InlineBackend

        if InlineBackend.instance(parent=shell).figure_formats == {"png"}:
            set_matplotlib_formats("retina")


def money(value: float, currency: str = "KRW", lang: Lang = "en") -> str:
    """Return an amount of money as its readers write it, short (금액 표기).

    >>> money(1_234_567), money(345_678_901, lang="ko"), money(12_300, "USD")
    ('₩1.2M', '₩3.5억', '$12.3K')
    >>> money(999_999), money(1_439.3, lang="ko"), money(892.9), money(4.5, "USD")
    ('₩1M', '₩1,439', '₩893', '$4.50')
    """
    from babel.numbers import format_compact_currency, format_currency

    locale = {"en": "en_US", "ko": "ko_KR"}[lang]
    rounded = float(f"{value:.4g}")  # Babel would write 999,999 as 1000K
    if abs(rounded) < (10_000 if lang == "ko" else 1_000):  # Korean counts in ten thousands
        text = format_currency(round(rounded) if abs(rounded) >= 100 else rounded, currency, locale=locale)
        text = text.removesuffix(".00")
    else:
        text = format_compact_currency(rounded, currency, locale=locale, fraction_digits=1)
    return text.replace("-", "−")


def money_axis(axis: mpl.axis.Axis, currency: str = "KRW", lang: Lang = "en") -> None:
    """Write an axis' ticks as money."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: money(value, currency, lang)))
