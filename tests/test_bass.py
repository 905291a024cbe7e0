"""The Bass model against printed estimates (Srinivasan & Mason 1986), its differential equation and planted curves."""

import re
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad, solve_ivp

from smm_analysis import places, terms
from smm_analysis.diffusion import bass_curve, fit_bass, fulfilment
from smm_analysis.diffusion.fitting import FORMS, Search, coefficients, place_of, shares, slopes, solve
from smm_analysis.verdict import judge

AIR_CONDITIONERS = [96, 195, 238, 380, 1045, 1230, 1267, 1828, 1586, 1673, 1800, 1580, 1500]  # 1949-61, thousands
COLOUR_TV = [747, 1480, 2646, 5118, 5777, 5982, 5962, 4631]  # 1963-70, thousands
YEARS = range(1963, 1971)


def noisy(seed, *, p=0.01, q=0.4, market_size=10_000, n=20, noise=0.08):
    """A curve with noise of a share of its peak."""
    shown = bass_curve(p, q, market_size, periods=n)["adoptions"].to_numpy()
    return np.maximum(shown + noise * shown.max() * np.random.default_rng(seed).normal(size=n), 0)


def numbers(fit):
    return [fit.p.estimate, fit.q.estimate, fit.market_size.estimate]


# --- the curve ------------------------------------------------------------------------------------------------------


def test_the_curve_solves_its_differential_equation_and_splits_into_its_two_causes():
    p, q, periods = 0.02, 0.45, 15

    def flow(_, state):  # adopted, of them by outside influence
        left = 1 - state[0]
        return [(p + q * state[0]) * left, p * left]

    solved = solve_ivp(flow, (0, periods), [0, 0], t_eval=range(periods + 1), rtol=1e-10, atol=1e-12).y
    curve = bass_curve(p, q, 500, periods=periods)
    np.testing.assert_allclose(curve["cumulative"], 500 * solved[0, 1:], rtol=1e-7)
    np.testing.assert_allclose(curve["innovators"], 500 * np.diff(solved[1]), rtol=1e-7)
    np.testing.assert_allclose(curve["innovators"] + curve["imitators"], curve["adoptions"], rtol=1e-12)


def test_without_imitation_the_curve_is_exponential():
    curve = bass_curve(0.1, 0, periods=5)
    np.testing.assert_allclose(curve["cumulative"], 1 - np.exp(-0.1 * np.arange(1, 6)))
    np.testing.assert_allclose(curve["imitators"], 0, atol=1e-12)


def test_the_density_form_integrates_to_the_interval_form():
    p, q = 0.03, 0.5
    for period in (1, 4, 9):
        density = quad(lambda t: rate(p, q, t), period - 1, period)[0]
        assert density == pytest.approx(shares("interval", p, q, 12)[period - 1], rel=1e-9)


def rate(p, q, t):
    """Bass's density written out."""
    fading = np.exp(-(p + q) * t)
    return (p + q) ** 2 / p * fading / (1 + q / p * fading) ** 2


def test_slopes_are_those_of_a_finer_difference():
    told = slopes("interval", 0.02, 0.4, 900, 12)
    for k, (dp, dq, dm) in enumerate(np.eye(3) * 1e-7):
        moved = 900 * np.exp(dm) * shares("interval", 0.02 * np.exp(dp), 0.4 * np.exp(dq), 12)
        np.testing.assert_allclose(told[:, k], (moved - 900 * shares("interval", 0.02, 0.4, 12)) / 1e-7, rtol=1e-4)


@pytest.mark.parametrize("p, q", [(0.0, 0.4), (-0.1, 0.4), (0.01, -0.2), (float("nan"), 0.4)])
def test_the_curve_refuses_impossible_coefficients(p, q):
    with pytest.raises(ValueError, match="p must be above 0"):
        bass_curve(p, q, periods=3)


# --- the fit ----------------------------------------------------------------------------------------------------------


def test_room_air_conditioners_are_those_of_srinivasan_and_mason():
    p, q, market_size = numbers(fit_bass(AIR_CONDITIONERS))
    assert (round(p, 6), round(q, 4), round(market_size)) == (0.009442, 0.3748, 18_713)


def test_colour_television_is_that_of_srinivasan_and_mason():
    p, q, market_size = numbers(fit_bass(COLOUR_TV))
    assert (round(p, 5), round(q, 4), round(market_size)) == (0.01847, 0.6159, 39_659)


def test_the_forms_give_other_numbers_and_every_output_names_its_form():
    fits = {form: fit_bass(COLOUR_TV, form=form) for form in FORMS}
    assert len({round(fit.p.estimate, 4) for fit in fits.values()}) == len(FORMS)
    for form, fit in fits.items():
        assert f"form='{form}'" in repr(fit)
        assert set(fit.table()["form"]) == set(fit.forecast(2)["form"]) == {f"bass_{form}"}
        assert "bass_" not in terms.headed(fit.table(), "ko").to_string()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("p, q, n", [(0.003, 0.7, 30), (0.05, 0.15, 25), (0.09, 0.15, 20), (0.0002, 0.9, 20)])
def test_a_curve_without_noise_is_found_again(form, p, q, n):
    told = 5000 * shares("density" if form == "density" else "interval", p, q, n)
    assert numbers(fit_bass(told, form=form)) == pytest.approx([p, q, 5000], rel=2e-3)


def test_where_imitation_is_the_weaker_the_peak_is_the_launch():
    told = 5000 * shares("interval", 0.2, 0.05, 12)
    found = solve(told, "interval")
    assert [found.p, found.q, found.market_size] == pytest.approx([0.2, 0.05, 5000], rel=1e-3)
    told[0] *= 0.7  # so that it grows once
    fit = fit_bass(told)
    assert fit.peak_time.estimate >= fit.peak_time.low == 0


def test_no_start_at_the_true_values_ends_lower():
    rng = np.random.default_rng(1_500)
    for seed in range(60):
        p, q, n = np.exp(rng.uniform(-7, -3)), rng.uniform(0.1, 0.8), int(rng.integers(8, 40))
        shown = noisy(seed, p=p, q=q, n=n)
        best = Search(shown, "interval").polish(place_of(p, q, n))[0]
        assert fit_bass(shown).solution.sum_of_squares <= best * (1 + 1e-6)


def test_places_and_coefficients_are_each_others_inverse():
    np.testing.assert_allclose(coefficients(place_of(0.02, 0.5, 17), 17), (0.02, 0.5))


def test_units_of_adoptions_do_not_matter_but_to_the_market():
    one, thousand = fit_bass(COLOUR_TV), fit_bass(1000 * np.array(COLOUR_TV))
    np.testing.assert_allclose(numbers(thousand), numbers(one) * np.array([1, 1, 1000]), rtol=1e-6)
    assert thousand.q.low == pytest.approx(one.q.low, rel=1e-4)


def test_peak_is_where_the_curve_peaks():
    fit = fit_bass(noisy(3, n=30))
    fine = np.linspace(0, 30, 300_001)
    rates = fit.market_size.estimate * rate(fit.p.estimate, fit.q.estimate, fine)
    assert fit.peak_time.estimate == pytest.approx(fine[rates.argmax()], abs=1e-3)
    assert fit.peak_height.estimate == pytest.approx(rates.max(), rel=1e-6)


def test_standard_errors_are_the_jackknifes_in_kind():
    """HC3 is close to leaving a period's noise out one by one, by its definition from the influence of each."""
    fit = fit_bass(noisy(5, n=25))
    redrawn = []
    expected = fit.history["fitted"].to_numpy()
    for seed in range(200):
        shown = expected + 0.08 * expected.max() * np.random.default_rng(seed).normal(size=25)
        redrawn.append(numbers(fit_bass(np.maximum(shown, 0))))
    errors = fit.table()["standard_error"].to_numpy()[:3]
    np.testing.assert_allclose(errors, np.std(redrawn, axis=0), rtol=0.5)


@pytest.mark.parametrize("form", FORMS)
def test_intervals_cover_where_the_window_passes_the_peak(form):
    held = []
    for seed in range(60):
        fit = fit_bass(noisy(1_000 + seed), form=form)
        pairs = zip((fit.p, fit.q, fit.market_size), (0.01, 0.4, 10_000), strict=True)
        held.append([each.low <= true <= each.high for each, true in pairs])
    assert 0.80 <= np.mean(held) <= 0.98 or form == "density"  # density: a period's count is not the rate at its end


def test_history_holds_the_window_and_who_was_moved_by_what():
    history = fit_bass(COLOUR_TV, periods=YEARS).history
    assert list(history["period"]) == list(YEARS)
    assert (history["fitted_low"] <= history["fitted"]).all() and (history["fitted"] <= history["fitted_high"]).all()
    for form in FORMS:
        history = fit_bass(COLOUR_TV, form=form).history
        np.testing.assert_allclose(history["innovators"] + history["imitators"], history["fitted"])
        assert (history[["innovators", "imitators"]] > 0).all(axis=None)


# --- windows that end before the peak ---------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [4, 5])
def test_a_window_before_the_peak_is_flagged_and_its_market_refused(n):
    fit = fit_bass(COLOUR_TV[:n])
    assert fit.ends_before_peak and not fit.given
    for each in (fit.market_size, fit.peak_time, fit.peak_height):
        assert np.isnan(each.estimate) and "market size known from elsewhere" in each.reason["en"] and each.reason["ko"]
    assert np.isfinite(fit.q.estimate)
    assert fit.p.reason or fit.p.high < 1
    assert "market_size=refused" in repr(fit)
    ahead = fit.forecast(3)
    assert ahead[["adoptions", "high", "cumulative"]].isna().all(axis=None)
    assert set(ahead["reason_en"]) == {fit.reason["en"]}


def test_growth_that_never_slows_tells_neither_p_nor_market():
    fit = fit_bass([1, 2, 4, 8, 16, 32])
    assert fit.p.reason and fit.market_size.reason
    assert fit.q.estimate == pytest.approx(np.log(2), rel=1e-3)


def test_with_a_market_from_outside_the_early_window_forecasts():
    fit = fit_bass(COLOUR_TV[:4], market_size=58_406)
    assert fit.ends_before_peak and fit.given and not fit.reason
    assert fit.market_size.low == fit.market_size.high == 58_406
    ahead = fit.forecast(4)
    assert (ahead["low"] < ahead["adoptions"]).all()
    assert fit.forecast(12)["cumulative_high"].max() == 58_406  # nobody beyond the market
    full = bass_curve(fit.p.estimate, fit.q.estimate, 58_406, periods=8)["adoptions"]
    np.testing.assert_allclose(ahead["adoptions"], full[4:])


def test_past_the_peak_nothing_is_refused():
    assert not fit_bass(AIR_CONDITIONERS).ends_before_peak
    assert not fit_bass(COLOUR_TV).reason


def test_forecast_goes_on_where_the_series_ends():
    fit = fit_bass(COLOUR_TV, periods=YEARS)
    ahead = fit.forecast(5)
    assert list(ahead["period"]) == [1971, 1972, 1973, 1974, 1975]
    assert ahead["cumulative"].iloc[0] == pytest.approx(sum(COLOUR_TV) + ahead["adoptions"].iloc[0])
    assert (ahead["cumulative_low"] >= sum(COLOUR_TV)).all() and (ahead["low"] >= 0).all()
    assert (ahead["cumulative_high"].diff().dropna() > 0).all()


def test_a_series_brings_its_own_periods(tmp_path):
    path = tmp_path / "sales.csv"
    pd.Series(COLOUR_TV, pd.Index(YEARS, name="year"), name="sets").to_csv(path)
    assert fit_bass(pd.read_csv(path, index_col="year")["sets"]).history["period"].tolist() == list(YEARS)
    assert fit_bass(pd.Series(COLOUR_TV)).history["period"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    "periods",
    [
        pd.date_range("2020-01-01", periods=8, freq="MS"),
        pd.date_range("2020-01-31", periods=8, freq="ME"),
        pd.date_range("2020-01-06", periods=8, freq="7D"),
        pd.period_range("2020Q1", periods=8, freq="Q"),
    ],
)
def test_dates_and_periods_are_continued(periods):
    fit = fit_bass(pd.Series(COLOUR_TV, index=periods))
    assert (
        list(fit.forecast(2)["period"]) == list(periods.append(periods[-1:].shift(1)).append(periods[-1:].shift(2)))[8:]
    )


def test_forecasts_hold_what_comes():
    held = []
    for seed in range(60):
        shown = noisy(2_000 + seed, n=24)
        ahead = fit_bass(shown[:18]).forecast(6)
        held.append((ahead["low"] <= shown[18:]) & (shown[18:] <= ahead["high"]))
    assert 0.8 <= np.mean(held) <= 0.99


def test_fulfilment_is_what_came_over_what_was_forecast():
    fit = fit_bass(COLOUR_TV[:4], market_size=58_406)
    found = fulfilment(fit, COLOUR_TV[4:])
    ahead = fit.forecast(4)
    assert found.estimate == pytest.approx(100 * sum(COLOUR_TV[4:]) / ahead["adoptions"].sum())
    assert found.low < found.estimate < found.high
    assert fulfilment(fit_bass(COLOUR_TV[:4]), COLOUR_TV[4:]).reason["en"]


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_every_answer_about_a_forecast_can_occur(lang):
    fit = fit_bass(COLOUR_TV[:4], market_size=58_406)
    came = {"supported": 1.5, "not_supported": 0.5, "cannot_tell": 0.8}
    ahead = fit.forecast(4)["adoptions"]
    for decision, times in came.items():
        effect = fulfilment(fit, times * ahead)
        assert judge("forecast_fulfilled", effect, delta=80, synthetic=False, lang=lang).decision == decision
    refused = fulfilment(fit_bass(COLOUR_TV[:4]), COLOUR_TV[4:])
    verdict = judge("forecast_fulfilled", refused, delta=80, synthetic=False, lang=lang)
    assert verdict.decision == "cannot_tell" and verdict.reason == refused.reason[lang]


def test_published_tables_hold_the_series_of_these_tests():
    for name, series in {"colour_tv_1963": COLOUR_TV, "room_air_conditioners_1949": AIR_CONDITIONERS}.items():
        assert pd.read_csv(places.published() / f"{name}.csv")["sets_sold"].tolist() == series
    households = pd.read_csv(places.published() / "us_households.csv", index_col="year")["households"]
    assert households[1966] == 58_406 and households.is_monotonic_increasing


def test_results_are_frozen():
    with pytest.raises(FrozenInstanceError):
        fit_bass(COLOUR_TV).form = "density"


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "adoptions, message",
    [
        ([1, 2, -3, 4, 5], "0 or more, in every period; given -3 in 3"),
        ([1, 2, float("nan"), 4, 5], "given nan in 3"),
        ([0, 0, 0, 0], "all 0"),
        ([1, 2, 3], "at least 4 periods are needed; there are 3"),
        ([9, 8, 8, 7, 1], "never grow"),
        ([5, 5, 5, 5], "never grow"),
    ],
)
def test_bad_adoptions_are_refused_by_name(adoptions, message):
    with pytest.raises(ValueError, match=message):
        fit_bass(adoptions)


@pytest.mark.parametrize(
    "periods, message",
    [
        ([1963, 1965, 1964, 1966], "1964 does not follow"),
        ([1963, 1963, 1964, 1965], "1963 does not follow"),
        ([1963, 1964, 1966, 1967], "one is missing after 1964"),
        (pd.to_datetime(["2020-01-01", "2020-02-01", "2020-03-01", "2020-05-01"]), "one is missing after 2020-03-01"),
        ([1963, 1964, 1965], "one for each of 4 adoptions"),
        (["a", "b", "c", "d"], "numbers, dates or pandas periods"),
    ],
)
def test_bad_periods_are_refused_by_name(periods, message):
    with pytest.raises(ValueError, match=message):
        fit_bass([1, 3, 6, 8], periods=periods)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"form": "weekly"}, "form must be one of interval, density, cumulative"),
        ({"level": 1.0}, "level must lie between 0 and 1"),
        ({"market_size": 20_000}, re.escape("market_size must exceed the 32,343 who adopted already")),
    ],
)
def test_bad_options_are_refused_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        fit_bass(COLOUR_TV, **options)
