"""The four types on small tables counted by hand and on the sample; the figures of diffusion."""

import numpy as np
import pandas as pd
import pytest

from smm_analysis import places, plot, tables, terms
from smm_analysis.diffusion import between_brands, fit_bass, four_types

COLOUR_TV = [747, 1480, 2646, 5118, 5777, 5982, 5962, 4631]


def posts_of(reach, engaged, *, start="2024-01-01", brand="b"):
    """A post a week, on Tuesdays, with so much reach and so many reactions."""
    days = pd.date_range(start, periods=len(reach), freq="7D", tz="Asia/Seoul") + pd.Timedelta(days=1, hours=9)
    counts = {"reach": reach, "reactions": engaged, "comments": 0, "shares": 0}
    return pd.DataFrame({"brand": brand, "published_at": days} | counts)


def shaped(*quarters):
    """Weeks whose levels change from quarter to quarter, each level a little uneven."""
    uneven = np.resize([0.9, 1.1], 13)
    reach, engaged = (np.concatenate([level * uneven for level in side]) for side in zip(*quarters, strict=True))
    return posts_of(1000 * reach, 100 * engaged)


def test_each_quarter_of_the_plane_is_its_type():
    path = four_types(shaped((0.5, 0.5), (1.5, 0.5), (0.5, 1.5), (1.5, 1.5)))
    types = ["basic_type", "diffusion_type", "participation_type", "integrated_type"]
    assert path["four_type"].tolist() == types
    assert path["quarter"].tolist() == ["2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4"]
    np.testing.assert_allclose(path["reach_index"][:2], [0.5, 1.5], rtol=0.02)
    assert (path["reach_index_low"] < path["reach_index"]).all()
    assert path["n_weeks"].tolist() == [13, 13, 14, 12]  # the week of 30 September began in the third quarter


def test_a_quarter_near_the_average_is_unsettled():
    path = four_types(shaped((0.5, 0.5), (1.0, 1.5), (1.5, 1.0), (1.0, 1.0)))
    assert path["four_type"].tolist() == ["basic_type", "unsettled_type", "unsettled_type", "unsettled_type"]


def test_noise_widens_the_interval_until_nothing_is_told():
    rng = np.random.default_rng(0)
    path = four_types(posts_of(rng.exponential(1000, 52), rng.exponential(100, 52)))
    assert (path["four_type"] == "unsettled_type").mean() >= 0.5


def test_one_week_is_added_up_by_hand():
    posts = posts_of([100] * 8, [5] * 8)
    posts["comments"] = 2
    weeks = pd.date_range("2024-01-01", periods=8, freq="7D")
    media = pd.DataFrame(
        {"brand": "b", "week": weeks.repeat(2), "line": ["online", "atl"] * 8, "reach": [50, 999] * 8, "engaged": 3}
    )
    first = {"brand": "b", "created_at": posts["published_at"].iloc[0], "author_role": "customer"}
    mentions = pd.DataFrame([first | {"author_key": key} for key in ("x", "x", "y")])
    mentions = pd.concat([mentions, mentions.head(1).assign(author_key="z", author_role="brand")])
    alone, with_all = four_types(posts), four_types(posts, media=media, mentions=mentions)
    assert alone["reach_index"].tolist() == with_all["reach_index"].tolist() == [1.0]
    from smm_analysis.diffusion.four_types import _weekly

    week = _weekly(posts, media, mentions, ("online",)).iloc[0]
    assert week.tolist() == [100 + 50, 5 + 3 + 2]  # two customers wrote; comments are theirs and not counted again
    assert _weekly(posts, None, None, ("online",)).iloc[0].tolist() == [100, 5 + 2]


def test_weeks_without_posts_count_as_nothing_and_short_quarters_are_left_out():
    posts = shaped((1.0, 1.0), (1.0, 1.0)).drop(index=range(3, 10))
    assert four_types(posts)["n_weeks"].tolist() == [13, 13]
    assert four_types(posts)["reach_index"].iloc[0] < 1
    assert four_types(posts_of([10] * 16, [1] * 16))["quarter"].tolist() == ["2024-Q1"]


def test_money_is_shared_among_the_types():
    weeks = pd.date_range("2024-01-01", periods=13, freq="7D")
    cost = {"listen": 10, "useful": 20, "diffusion": 60, "participation": 10, "promo": 500}
    effort = pd.DataFrame([{"brand": "b", "week": w, "activity": a, "cost": c} for w in weeks for a, c in cost.items()])
    shares = four_types(shaped((1, 1)), effort=effort)[["share_basic", "share_diffusion", "share_participation"]]
    np.testing.assert_allclose(shares.iloc[0], [0.3, 0.6, 0.1])
    assert four_types(shaped((1, 1)))["share_basic"].isna().all()


def test_several_brands_are_refused():
    both = pd.concat([shaped((1, 1)), shaped((1, 1)).assign(brand="c")])
    with pytest.raises(ValueError, match="posts must hold one brand; given b, c"):
        four_types(both)
    with pytest.raises(ValueError, match="given no rows"):
        four_types(both[:0])


@pytest.fixture(scope="module")
def sample_path():
    brand = tables.load(places.sample(), brand="")
    return four_types(brand.posts, media=brand.media, mentions=brand.mentions, effort=brand.effort)


def test_the_sample_is_placed_and_its_table_reads_the_glossary(sample_path):
    assert len(sample_path) >= 7
    for lang in terms.LANGS:
        headed = terms.headed(sample_path, lang)
        assert not {"four_type", "reach_index", "n_weeks"} & set(headed.columns)
        assert not headed.iloc[:, 0].str.endswith("_type").any()


# --- the figures ------------------------------------------------------------------------------------------------------


def figures(path):
    """Every figure of the room on what it may be given."""
    effects = pd.DataFrame({"brand": ["a", "b", "c"], "estimate": [1.0, 0.4, 1.3], "standard_error": [0.2, 0.1, 0.3]})
    early, years = COLOUR_TV[:4], range(1963, 1967)
    months = pd.date_range("2020-01-01", periods=8, freq="MS")
    return {
        "refused": lambda **k: plot.plot_bass(fit_bass(early, periods=years), came=COLOUR_TV[4:], **k),
        "given": lambda **k: plot.plot_bass(fit_bass(early, periods=years, market_size=58_406), **k),
        "full": lambda **k: plot.plot_bass(fit_bass(COLOUR_TV, periods=months), measure="sets_sold", ahead=12, **k),
        "brands": lambda **k: plot.plot_between_brands(between_brands(effects), **k),
        "one brand": lambda **k: plot.plot_between_brands(between_brands(effects[:1]), **k),
        "no brand": lambda **k: plot.plot_between_brands(between_brands(effects[:0]), **k),
        "path": lambda **k: plot.plot_four_types(path, **k),
        "no path": lambda **k: plot.plot_four_types(path[:0], **k),
    }


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_figures_draw_in_both_languages_on_the_axes_given(sample_path, lang, tmp_path):
    plot.set_theme()
    for name, draw in figures(sample_path).items():
        figure, ax = plot.plt.subplots()
        assert draw(ax=ax, lang=lang) is ax, name
        figure.savefig(tmp_path / "figure.png")  # a missing glyph would warn, and warnings are errors
        plot.plt.close(figure)


def test_the_refused_figure_says_so_and_draws_no_forecast(sample_path):
    ax = figures(sample_path)["refused"](lang="en")
    assert terms.label("no_forecast") in [text.get_text() for text in ax.texts]
    assert terms.label("forecast") not in ax.get_legend_handles_labels()[1]
    plot.plt.close("all")
