"""CDNOW and BG/NBD against Fader, Hardie & Lee (2005, Marketing Science 24(2): FHL) and against enumeration."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad

from smm_analysis import health

PATH = Path(__file__).parents[1] / "notebooks" / "cases" / "cdnow.py"
spec = importlib.util.spec_from_file_location("cdnow", PATH)
cdnow = importlib.util.module_from_spec(spec)
sys.modules["cdnow"] = cdnow  # dataclasses look their module up
spec.loader.exec_module(cdnow)

PRINTED = cdnow.BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426, log_likelihood=-9582.4)


@pytest.fixture(scope="module")
def sample():
    if importlib.util.find_spec("lifetimes") is None:
        pytest.skip("the data come with the extra `cases`")
    return cdnow.load_cdnow()


@pytest.fixture(scope="module")
def history(sample):
    return cdnow.purchase_history(sample[1])


@pytest.fixture(scope="module")
def model(history):
    return cdnow.fit_bg_nbd(history["frequency"], history["recency"], history["age"])


def test_loader_returns_the_tables_of_the_contract(sample):
    customers, purchases = sample
    assert len(customers) == 2357
    assert len(purchases) == 6919
    assert customers.columns.tolist() == ["customer_key", "brand", "acquired_at", "source"]
    assert purchases.columns.tolist() == ["customer_key", "purchased_at", "amount"]
    assert purchases.iloc[0].tolist() == ["00004", pd.Timestamp("1997-01-01"), 2933]  # 29.33 dollars
    assert customers["acquired_at"].between("1997-01-01", "1997-03-25").all()
    assert purchases["purchased_at"].max() == cdnow.OBSERVED_UNTIL


def test_sample_is_part_of_all_customers(sample):
    customers, purchases = cdnow.load_cdnow("master")
    assert (len(customers), len(purchases)) == (23570, 69659)
    assert set(sample[0]["customer_key"]) < set(customers["customer_key"])


def test_loader_never_imports_the_carrier(sample):
    code = "import sys, cdnow; cdnow.load_cdnow(); print('lifetimes' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PATH.parent)
    assert run.stdout.strip() == "False"


def test_loader_says_how_to_get_the_data(monkeypatch):
    def absent(name):
        raise cdnow.PackageNotFoundError(name)

    monkeypatch.setattr(cdnow, "files", absent)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "smm-analysis\[cases\]"'):
        cdnow.load_cdnow()


def test_purchase_history_is_that_of_the_authors_summary_file(history):
    printed = pd.read_csv(cdnow._carried("cdnow_customers_summary.csv"))[["frequency", "recency", "T"]].to_numpy()
    found = history.to_numpy()
    np.testing.assert_allclose(np.sort(found, axis=0), np.sort(printed, axis=0), atol=0.0051)


def test_bg_nbd_on_cdnow_is_close_to_fader_hardie_lee_2005(model):
    found = (model.r, model.alpha, model.a, model.b)
    assert found == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=5e-4)
    assert model.log_likelihood == pytest.approx(-9582.4, abs=0.05)


def likelihood_by_integration(model, frequency, recency, age):
    """FHL's individual likelihood (eq. 3) averaged over Gamma rates and Beta leaving chances, number by number."""
    from scipy.stats import beta, gamma

    x, buying, leaving = frequency, gamma(model.r, scale=1 / model.alpha), beta(model.a, model.b)

    def over_rates(decay):
        return quad(lambda rate: rate**x * np.exp(-rate * decay) * buying.pdf(rate), 0, np.inf, limit=200)[0]

    stayed = quad(lambda p: (1 - p) ** x * leaving.pdf(p), 0, 1)[0] * over_rates(age)
    left = quad(lambda p: p * (1 - p) ** max(x - 1, 0) * leaving.pdf(p), 0, 1)[0] * over_rates(recency) if x else 0
    return np.log(stayed + left)


@pytest.mark.parametrize("case", [(0, 0, 38.86), (1, 1.71, 38.86), (2, 30.43, 38.86), (7, 20.0, 30.0)])
def test_bg_nbd_likelihood_equals_numerical_integration(case):
    parameters = (PRINTED.r, PRINTED.alpha, PRINTED.a, PRINTED.b)
    found = cdnow.bg_nbd_log_likelihood(parameters, *case)
    assert found == pytest.approx(likelihood_by_integration(PRINTED, *case), abs=1e-5)


def simulate(model, weeks, *, seed, customers=200_000):
    """Purchase times of new customers as the model tells its story; a customer is a row, NaN after leaving."""
    rng = np.random.default_rng(seed)
    rate, leave = rng.gamma(model.r, 1 / model.alpha, customers), rng.beta(model.a, model.b, customers)
    steps = rng.exponential(size=(customers, 60)) / rate[:, None]
    alive = (rng.random((customers, 60)) > leave[:, None]).cumprod(axis=1)
    times = steps.cumsum(axis=1)
    stays = np.column_stack([np.ones(customers), alive[:, :-1]]) > 0
    return np.where(stays & (times <= weeks), times, np.nan)


def test_bg_nbd_expectations_equal_a_simulation_of_the_story():
    model = cdnow.BgNbd(r=0.6, alpha=6.0, a=0.8, b=2.5, log_likelihood=0)
    times = simulate(model, 40, seed=1)
    early = times <= 20
    assert model.expected_repeat_purchases(40) == pytest.approx(np.isfinite(times).sum(axis=1).mean(), rel=0.02)
    x, recency = early.sum(axis=1), np.where(early, times, 0).max(axis=1)
    later = (times > 20).sum(axis=1)
    expected = model.conditional_expected(20, x, recency, 20.0)
    for count in (0, 1, 2, 3):
        assert expected[x == count].mean() == pytest.approx(later[x == count].mean(), rel=0.08)


def test_bg_nbd_expectation_starts_at_zero_and_everyone_without_repeat_is_alive():
    assert PRINTED.expected_repeat_purchases(0) == 0
    assert PRINTED.alive(0, 0, 39) == 1


def test_bg_nbd_expectations_are_those_of_the_authors_spreadsheet(model):
    weeks, expected = [0.1429, 1, 3, 31.8571, 32], [0.0078, 0.0532, 0.1506, 1.0405, 1.0437]
    assert model.expected_repeat_purchases(weeks) == pytest.approx(expected, abs=6e-5)
    # theirs at week 78 is 1.8576: its hypergeometric series is cut at 150 terms
    assert model.expected_repeat_purchases(78) == pytest.approx(1.8576, abs=5e-4)
    assert model.conditional_expected(39, 2, 30.43, 38.86) == pytest.approx(1.226, abs=5e-4)


def test_weekly_repeat_purchases_track_the_holdout(sample, history, model):
    table = cdnow.weekly_repeat_purchases(sample[1], model)
    assert table["week"].tolist() == list(range(1, 79))
    until_39 = table.loc[38]
    assert until_39["cumulative_actual"] == history["frequency"].sum()
    assert until_39["cumulative_expected"] == pytest.approx(
        model.expected_repeat_purchases(history["age"]).sum(), rel=1e-9
    )
    assert table["cumulative_expected"].iloc[-1] == pytest.approx(table["cumulative_actual"].iloc[-1], rel=0.05)
    assert (table["expected"] > 0).all()


# --- claim S4.5 on real customers: neither the last five minutes nor the last five years -----------------------------


def test_on_cdnow_half_life_orders_buyers_better_than_last_week_and_whole_history(sample, history, model):
    customers, purchases = sample
    panel = health.purchase_panel(
        customers, purchases, cutoff=cdnow.CALIBRATION_END, horizon_weeks=39, recent_weeks=1, half_life_weeks=12
    )
    bought = panel["bought"]
    assert health.auc(bought, panel["recent"]) == pytest.approx(0.532, abs=5e-4)
    assert health.auc(bought, panel["log_count"]) == pytest.approx(0.755, abs=5e-4)
    assert health.auc(bought, panel["log_activity"]) == pytest.approx(0.780, abs=5e-4)
    expected = pd.Series(model.conditional_expected(39, **history), history.index).reindex(panel.index)
    against_bg_nbd = health.compare_auc(bought, panel["log_activity"], expected)
    assert against_bg_nbd.low > -0.01


def test_on_cdnow_recent_weeks_alone_lose_to_the_whole_history(sample):
    customers, purchases = sample
    result = health.compare_predictors(
        customers, purchases, horizon_weeks=13, recent_weeks=4, observed_until=cdnow.OBSERVED_UNTIL
    )
    assert result.cutoff == pd.Timestamp("1998-03-31")
    assert result.train_cutoff == pd.Timestamp("1997-12-30")
    assert result.gain("whole_history", "recent_only").high < 0
    assert result.gain("whole_history", "behaviour").low > 0
    assert 10 < result.half_life.low < result.half_life.high < 30
