"""Data as outsiders write them: rows in any order, weeks left out, tables that a firm rightly has not."""

import ast
import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from tiny import write_tiny

from smm_analysis import diffusion, handoff, places, reach, relationship, tables, verdict
from smm_analysis.report import plan

MONDAYS = pd.Series(pd.date_range("2024-01-01", periods=8, freq="7D"), name="week")


def verdicts_of(name, data, **parameters):
    """Run a notebook's cells as a report would, here, and return its verdicts by key."""
    cells = json.loads((places.notebooks() / f"{name}.ipynb").read_text("utf-8"))["cells"]
    world, found = {"display": lambda *_: None}, []
    for cell in cells:
        tags = set(cell["metadata"].get("tags", ()))
        if cell["cell_type"] != "code" or tags & {"lab-only", "solution"}:
            continue
        body = ast.parse("".join(cell["source"])).body
        last = body.pop().value if isinstance(body[-1], ast.Expr) else ast.parse("None", mode="eval").body
        exec(compile(ast.Module(body, []), name, "exec"), world)
        found.append(eval(compile(ast.Expression(last), name, "eval"), world))
        if "parameters" in tags:
            world |= {"data": str(data)} | parameters
    plt.close("all")
    return {one.key: one for one in found if isinstance(one, verdict.Verdict)}


def rewritten(folder, name, change):
    """Change a table of a data set."""
    path = folder / f"{name}.csv"
    change(pd.read_csv(path, dtype=str)).to_csv(path, index=False)
    return folder


@pytest.fixture
def tiny(tmp_path):
    write_tiny(tmp_path / "tiny")
    return tmp_path / "tiny"


# --- rows in any order ------------------------------------------------------------------------------------------------


def test_every_week_is_in_order_and_there():
    left = MONDAYS.drop([2, 5]).sample(frac=1, random_state=1)
    pd.testing.assert_series_equal(tables.every_week(left), MONDAYS)


def test_weeks_newest_first_or_left_out_stop_no_notebook(tiny):
    def spoil(weekly):
        weeks = pd.date_range("2024-01-01", "2024-04-22", freq="7D").strftime("%Y-%m-%d")
        alpha = weekly.iloc[[0] * len(weeks)].assign(week=weeks)[::-1]
        return alpha.iloc[[*range(5), *range(8, len(weeks))]]

    rewritten(tiny, "weekly", spoil)
    verdicts_of("10_strategy_canvas", tiny)
    told = verdicts_of("01_basic_vs_diffusion", tiny)
    assert {one.decision for one in told.values()} == {"cannot_tell"}


# --- a brand that has not every table ---------------------------------------------------------------------------------


def test_what_the_first_brand_has_no_rows_for_is_skipped_and_a_wrong_brand_is_not(tiny):
    rewritten(tiny, "leads", lambda leads: leads.assign(brand="beta"))
    plans, skipped = planned(tiny)
    assert "nothing of the table leads is left" in skipped["08_handle_to_customer"]
    assert "00_start_here" in {one.notebook.name for one in plans}
    with pytest.raises(tables.DataError, match="'gamma' is not in the data set"):
        planned(tiny, brand="gamma")
    with pytest.raises(tables.DataError, match="nothing of the table leads is left"):
        planned(tiny, names=["08_handle_to_customer"])


def planned(data, *, names=(), **given):
    """Plan a run, as `smm report` does before any kernel starts."""
    asked = plan.Request(names=names, data=data, given=given)
    tasks, _ = plan.choose(asked)
    return plan.complete(tasks, lang="en", named=bool(names))


# --- what a firm rightly has not --------------------------------------------------------------------------------------


def test_an_empty_table_is_as_one_that_was_loaded():
    media, loaded = tables.empty("media"), tables.load(places.sample()).media
    assert list(media) == list(loaded)
    assert len(media) == 0
    assert media["week"].dtype == loaded["week"].dtype


def test_without_paid_media_the_other_questions_are_still_asked(tiny):
    (tiny / "media.csv").unlink()
    told = verdicts_of("01_basic_vs_diffusion", tiny)
    assert len(told) > 10
    assert told["inflow_stops"].decision == "cannot_tell"
    assert told["inflow_stops"].reason.startswith("No paid media are on record")


def test_where_only_the_firm_wrote_listening_says_so(tiny):
    rewritten(tiny, "mentions", lambda mentions: mentions.assign(author_role="brand"))
    told = verdicts_of("04_listening", tiny)
    assert told["mentions_beyond_group"].decision == "cannot_tell"


def test_no_tone_and_no_answers_make_an_empty_relationship():
    at = pd.Series(pd.to_datetime(["2024-01-02T00:00+09:00"]))
    mentions = pd.DataFrame({"author_role": ["customer"], "created_at": at})
    asked = {"customer_key": ["c"], "asked_at": at, "question": ["trust"], "score": pd.array([None], dtype="Int64")}
    felt = diffusion.simple_relationship(mentions=mentions, surveys=pd.DataFrame(asked))
    assert list(felt) == ["week", "relationship", "relationship_n"]
    assert len(felt) == 0


def test_reach_of_a_single_week_has_no_interval():
    at = pd.Series(pd.to_datetime(["2024-01-02T00:00+09:00"]))
    posts = pd.DataFrame({"published_at": at, "medium": "blog", "reach": 10})
    mentions = pd.DataFrame({"created_at": at, "medium": "blog", "author_role": "customer", "reach": 5})
    found = relationship.reach_by_side(posts, mentions, sides={"blog": "firm"})
    assert found["reach_a_week"].tolist() == [10, 5]
    assert np.isnan(found[["low", "high"]]).all(axis=None)


# --- sources that disagree --------------------------------------------------------------------------------------------


def test_a_week_with_more_contacts_than_its_campaign_takes_the_campaigns_share():
    """By hand: of 400 people reached in the quarter 160 are in the target, whatever a week's contacts say."""
    seen = {"frequency": [0, 1, 2], "people": [1600, 300, 100], "target_people": [340, 110, 50]}
    known = {"brand": "a", "period": "2024-Q1", "channel": "expo", "line": "btl", "universe": 2000}
    frequency = pd.DataFrame(seen | known)
    curves = {"expo": reach.reach_curve_of(frequency, "expo", "2024-Q1")}
    target = {"expo": reach.reach_curve_of(frequency, "expo", "2024-Q1", target=True)}
    week = pd.DataFrame({"channel": ["expo"], "impressions": [3000], "reach": [1000]})
    assert reach.target_shares_of(week, curves, target)["expo"] == pytest.approx(0.4, abs=0.01)


# --- a role that is anybody's -----------------------------------------------------------------------------------------


def test_where_all_the_public_is_called_customer_the_share_won_is_not_that_of_the_buyers_alone():
    """By hand: of 40 people who wrote, all called customers, 8 bought within two weeks."""
    wrote = pd.Series(pd.date_range("2024-01-01", periods=40, freq="D"))
    keys = [f"k{number}" for number in range(40)]
    mentions = pd.DataFrame({"author_key": keys, "author_role": "customer", "created_at": wrote})
    bought = {"customer_key": keys[::5], "author_key": keys[::5], "acquired_at": wrote[::5] + pd.Timedelta(days=14)}
    funnel = handoff.follow_through(mentions, None, pd.DataFrame(bought), observed_until="2024-12-31", within="26W")
    won = funnel.stages.set_index("stage").loc["customer"]
    assert (won["n"], won["rate"]) == (40, pytest.approx(0.2))
