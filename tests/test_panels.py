"""Panels of big logs: equal to naive ones on every engine, refreshed week by week, and never wrong after a fault."""

import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import ibis
import logs
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from smm_analysis import handoff, health, listening, panels, places, tables, terms

KINDS = {c.name: c.kind for c in tables.CONTRACT["mentions"].columns}
UNTIL = panels.microseconds(logs.UNTIL)
DESCRIPTION = """\
name = "logs"
currency = "KRW"
timezone = "Asia/Seoul"
observed_until = 2025-03-23
language = "ko"
synthetic = true
""" + "".join(f'[brand.{name}]\nmarket_size = 1000\ncentral_medium = "stream"\n' for name in logs.BRANDS)
DESCRIPTION += '[medium.stream]\nkind = "sns"\nside = "customer"\n'


def equal(found, expected):
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9, check_dtype=False)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """Keep what is kept of checks and panels with the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def frames():
    rng = np.random.default_rng(5)
    said, people = logs.mentions(rng), logs.customers(rng)
    bought, opened = logs.purchases(rng, people), logs.cases(rng, said)
    return {"mentions": said, "customers": people, "purchases": bought, "cases": opened}


@pytest.fixture(scope="module")
def data(frames, tmp_path_factory):
    """A data set of partitioned Parquet, in order."""
    folder = tmp_path_factory.mktemp("logs")
    (folder / "dataset.toml").write_text(DESCRIPTION, encoding="utf-8")
    for name in ("mentions", "purchases"):
        logs.write_weeks(frames[name], folder / name, tables.CONTRACT[name].clock)
    for name in ("customers", "cases"):
        (folder / name).mkdir()
        frames[name].to_parquet(folder / name / "all.parquet", index=False)
    return folder


@pytest.fixture
def own(data, tmp_path):
    """A copy of the data set to spoil, as a writable folder."""
    return shutil.copytree(data, tmp_path / "data")


@pytest.fixture(scope="module")
def opened(data, tmp_path_factory):
    with tables.logs(data, cache=tmp_path_factory.mktemp("kept")) as found:
        yield found


def open_again(folder, kept, **options):
    return tables.logs(folder, cache=kept, check=False, **options)


# the same as naive panels, and as the rooms that compute the same -----------------------------------------------------

COUNTINGS = [{}, {"within": "48h", "complaint": "고장|broken"}, {"within": "168h", "neutral": 0.3}]


@pytest.mark.parametrize("options", COUNTINGS, ids=str)
def test_mention_weeks_are_the_naive_ones(opened, frames, options):
    equal(opened.mention_weeks(**options), logs.naive_weeks(frames["mentions"], **options))


@pytest.mark.parametrize("half_life", [4.0, np.inf])
def test_customer_features_are_the_naive_ones(opened, frames, half_life):
    cutoff = pd.Timestamp("2025-02-20 13:00", tz=logs.ZONE)
    found = opened.customer_features(cutoff, half_life_weeks=half_life)
    args = [frames[name] for name in ("customers", "purchases", "mentions")]
    equal(found, logs.naive_features(*args, cutoff=cutoff, half_life_weeks=half_life))


def test_response_times_are_the_naive_ones(opened, frames):
    equal(opened.response_times(), logs.naive_waits(frames["cases"], frames["mentions"]))


def test_reach_is_the_naive_one():
    seen = logs.exposures(np.random.default_rng(3))
    with panels.connect() as engine:
        table = ibis.memtable(pa.Table.from_pandas(seen))
        frequency, pairs = engine.arrow(panels.reach_frequency(table)), engine.arrow(panels.duplication(table))
    by = ["brand", "period", "channel", "line", "frequency"]
    equal(frequency.to_pandas().sort_values(by, ignore_index=True), logs.naive_frequency(seen))
    by = ["brand", "period", "channel_a", "channel_b"]
    equal(pairs.to_pandas().sort_values(by, ignore_index=True), logs.naive_duplication(seen))


def test_mention_weeks_say_what_the_scorecard_says(opened, frames):
    said = frames["mentions"]
    flags = pd.DataFrame(False, said.index, list(listening.TALK))
    flags["complaint"] = said["sentiment"] < -0.05
    options = {"observed_until": logs.UNTIL, "sentiment": "supplier", "talk": flags, "smallest": 2}
    card = listening.weekly_scorecard(said, **options)
    card = card.pivot_table(index=["brand", "week"], columns="measure", values=["n", "estimate"])
    panel = opened.mention_weeks().set_index(["brand", "week"])
    pairs = [("net_sentiment", "net_sentiment"), ("net_positive", "net_positive"), ("answered_share", "answered")]
    for ours, theirs in pairs:
        shown = card["estimate"][theirs].dropna().astype(float)
        assert len(shown) > 20
        np.testing.assert_allclose(panel[ours].reindex(shown.index), shown, rtol=1e-9, atol=1e-12)
    assert (panel["n_judged"] == card["n"]["answered"]).all()
    assert (panel["n_scored"] == card["n"]["net_sentiment"]).all()


def test_features_say_what_customer_health_says(opened, frames):
    cutoff = pd.Timestamp("2025-03-01", tz=logs.ZONE)
    found = opened.customer_features(cutoff, half_life_weeks=6).set_index("customer_key")
    past = frames["purchases"][frames["purchases"]["purchased_at"] <= cutoff]
    activity = health.decayed_activity(past, cutoff, 6).reindex(found.index).fillna(0)
    np.testing.assert_allclose(found["decayed_purchases"], activity, rtol=1e-9)
    people = frames["customers"][frames["customers"]["acquired_at"] <= cutoff]
    theirs = health.customer_measures(people, cutoff=cutoff, mentions=frames["mentions"]).reindex(found.index)
    np.testing.assert_allclose(found["sentiment"], theirs["sentiment"], rtol=1e-9)
    assert (found["sentiment_n"] == theirs["sentiment_n"]).all()


def test_response_times_say_what_handoff_says(opened, frames):
    cases = frames["cases"]
    found = opened.response_times(from_replies=False).set_index("case_id")
    waits = handoff.waits._waits(cases, logs.UNTIL, "first_response").set_axis(cases["case_id"]).reindex(found.index)
    np.testing.assert_allclose(found["response_hours"], waits["hours"], rtol=1e-9)
    assert (found["has_response"] == waits["handled"]).all()


def test_media_weeks_are_the_table_where_it_is_weekly_already(tmp_path):
    media = tables.load(places.sample()).media
    folder = tmp_path / "media"
    folder.mkdir()
    media.to_parquet(folder / "all.parquet", index=False)
    shutil.copy(places.sample() / "dataset.toml", tmp_path)
    with tables.logs(tmp_path) as opened:
        found = opened.media_weeks()
    by = ["brand", "week", "line", "channel"]
    equal(found[list(media)].sort_values(by, ignore_index=True), media.sort_values(by, ignore_index=True))


def test_people_by_the_sketch_are_near(opened, frames):
    exact, near = opened.mention_weeks(), opened.mention_weeks(approximate=True)
    assert near["people"].sum() == pytest.approx(exact["people"].sum(), rel=0.05)


def test_every_column_is_in_the_glossary(opened):
    found = [opened.mention_weeks(), opened.customer_features(), opened.response_times()]
    keys = terms.glossary()
    assert [name for frame in found for name in frame if name not in keys] == []


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Seoul", "Australia/Lord_Howe"])
def test_weeks_are_the_zones_own_where_clocks_change(tmp_path, zone):
    rng = np.random.default_rng(8)
    at = pd.Series(pd.date_range("2025-02-25", "2025-04-20", periods=4000, tz="UTC")).dt.as_unit("us")
    said = logs.mentions(rng, 4000).assign(created_at=at.dt.tz_convert(zone))
    said.to_parquet(tmp_path / "all.parquet", index=False)
    until = said["created_at"].max()
    parts = panels.parts_of(tmp_path, tmp_path, clock="created_at")
    with panels.connect() as engine:
        log = panels.Log(engine, parts, KINDS, panels.Clock(zone), "created_at")
        found = panels.mention_weeks(log, until=panels.microseconds(until))
    equal(found, logs.naive_weeks(said, until=until))


def test_times_without_an_offset_are_the_zones_own_where_clocks_stand_still(frames, tmp_path):
    said = frames["mentions"]
    local = said.assign(created_at=said["created_at"].dt.tz_localize(None))
    local.to_parquet(tmp_path / "local.parquet", index=False)
    parts = panels.parts_of(tmp_path / "local.parquet", tmp_path, clock="created_at")
    with panels.connect() as engine:
        log = panels.Log(engine, parts, KINDS, panels.Clock(logs.ZONE), "created_at")
        equal(panels.mention_weeks(log, until=UNTIL), logs.naive_weeks(said))
        moving = panels.Log(engine, parts, KINDS, panels.Clock("America/New_York"), "created_at")
        with pytest.raises(panels.PanelError, match="write the offset"):
            panels.mention_weeks(moving, until=UNTIL)


@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Lord_Howe", "Asia/Seoul", "UTC"])
def test_a_week_ends_a_microsecond_before_the_next(zone):
    clock = panels.Clock(zone)
    for week in range(2800, 2912):
        start = clock.start_of(week)
        assert [clock.week_of(start), clock.week_of(start - 1)] == [week, week - 1]


# week by week ---------------------------------------------------------------------------------------------------------


def spoil_all_but(folder, kept):
    """Overwrite the data pages of all other parts, so that who reads one of them fails."""
    for part in folder.rglob("*.parquet"):
        if part.parent.name != kept:
            content, times = part.read_bytes(), part.stat()
            length = int.from_bytes(content[-8:-4], "little") + 8
            part.write_bytes(b"PAR1" + b"\xff" * (len(content) - length - 4) + content[-length:])
            assert part.stat().st_size == times.st_size


def test_a_new_week_is_all_that_a_refresh_reads(own, frames, tmp_path, monkeypatch):
    last, kept = own / "mentions" / "week=2025-03-17", tmp_path / "kept"
    shutil.move(last, tmp_path / "later")
    before = panels.microseconds("2025-03-16 23:59:59.999999", logs.ZONE)
    with open_again(own, kept) as opened:
        panels.mention_weeks(opened.logs["mentions"], until=before, store=opened.store)
    shutil.move(tmp_path / "later", last)
    read = []
    plain = panels.Engine.parquet
    monkeypatch.setattr(panels.Engine, "parquet", lambda engine, parts: (read.extend(parts), plain(engine, parts))[1])
    with open_again(own, kept) as opened:
        log, counting = opened.logs["mentions"], panels.Counting()
        said = panels.refreshed_parts(log, counting, until=UNTIL, store=opened.store)
        found = opened.mention_weeks()
    assert {part.name for part in read} == set(said) == {"mentions/week=2025-03-17/part-0.parquet"}
    equal(found, logs.naive_weeks(frames["mentions"]))


def test_a_part_that_changes_costs_its_weeks(own, frames, tmp_path):
    kept, part = tmp_path / "kept", own / "mentions" / "week=2025-02-10" / "part-0.parquet"
    with open_again(own, kept) as opened:
        before = opened.mention_weeks()
        files = sorted(kept.iterdir())
    rows = pd.read_parquet(part)
    rows.assign(sentiment=-rows["sentiment"]).to_parquet(part, index=False)
    with open_again(own, kept) as opened:
        after = opened.mention_weeks()
    differ = ~np.isclose(before["net_sentiment"], after["net_sentiment"], rtol=1e-12)
    assert set(before["week"][differ]) == {pd.Timestamp("2025-02-10")}
    assert len(set(files) & set(kept.iterdir())) == len(files) - 1 == 10  # the old week's piece is gone


def test_parts_that_are_not_weeks_give_the_same(frames, tmp_path):
    said = frames["mentions"].sample(frac=1, random_state=1)  # in no order at all
    place = tmp_path / "mentions"
    place.mkdir()
    for number in range(4):
        said.iloc[number::4].to_parquet(place / f"{number}.parquet", index=False)
    (tmp_path / "dataset.toml").write_text(DESCRIPTION, encoding="utf-8")
    for _ in range(2):
        with tables.logs(tmp_path, cache=tmp_path / "kept") as opened:
            equal(opened.mention_weeks(), logs.naive_weeks(frames["mentions"]))


def test_a_piece_that_cannot_be_read_is_made_again(own, frames, tmp_path):
    kept = tmp_path / "kept"
    for spoilt in (b"", b"PAR1 and then nothing"):
        with open_again(own, kept) as opened:
            equal(opened.mention_weeks(), logs.naive_weeks(frames["mentions"]))
        sorted(kept.iterdir())[3].write_bytes(spoilt)


def test_a_run_killed_in_the_middle_leaves_whole_pieces(own, frames, tmp_path):
    code = (
        "import sys, os; from pathlib import Path; from smm_analysis import panels, tables\n"
        "panels.weekly.BATCH = 1\n"
        "put, count = panels.Store.put, []\n"
        "def stop(store, *args):\n"
        "    put(store, *args); count.append(1)\n"
        "    if len(count) == 5:\n"
        "        (store.folder / '.mention_weeks-half').write_bytes(b'PAR1'); os.kill(os.getpid(), 9)\n"
        "panels.Store.put = stop\n"
        "with tables.logs(Path(sys.argv[1]), cache=Path(sys.argv[2]), check=False) as opened: opened.mention_weeks()\n"
    )
    kept = tmp_path / "kept"
    run = subprocess.run([sys.executable, "-c", code, str(own), str(kept)], check=False)
    assert run.returncode == -9
    assert len(list(kept.glob("mention_weeks-*.parquet"))) == 5
    with open_again(own, kept) as opened:
        left = panels.refreshed_parts(opened.logs["mentions"], panels.Counting(), until=UNTIL, store=opened.store)
        assert len(left) == 6
        equal(opened.mention_weeks(), logs.naive_weeks(frames["mentions"]))
    assert not list(kept.glob(".*"))


def test_no_room_for_the_cache_costs_the_cache_alone(own, frames, tmp_path, monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("smm_analysis.panels.cache._flush", full)
    with open_again(own, tmp_path / "kept") as opened:
        equal(opened.mention_weeks(), logs.naive_weeks(frames["mentions"]))
    assert list((tmp_path / "kept").iterdir()) == []


# faults ---------------------------------------------------------------------------------------------------------------

PART = "mentions/week=2025-02-03/part-0.parquet"


def rewrite(folder, change):
    rows = parquet.read_table(folder / PART)
    parquet.write_table(change(rows), folder / PART)


def retyped(name, kind):
    return lambda rows: rows.set_column(
        rows.column_names.index(name), name, pa.nulls(len(rows)).cast(kind).fill_null(1)
    )


def cut_short(folder):
    content = (folder / PART).read_bytes()
    (folder / PART).write_bytes(content[: len(content) // 2])


def break_pages(folder):
    spoil_all_but(folder / "mentions", "")


FAULTS = {
    "cut_short": (cut_short, "a broken Parquet file"),
    "missing_column": (lambda f: rewrite(f, lambda rows: rows.drop_columns("author_role")), "no such column among"),
    "number_for_text": (lambda f: rewrite(f, retyped("author_key", pa.int64())), "the column holds whole numbers"),
    "text_for_time": (
        lambda f: rewrite(f, lambda rows: rows.set_column(2, "created_at", rows["created_at"].cast(pa.string()))),
        "the column holds text",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("use", ["load", "logs"])
def test_a_part_that_is_not_like_the_others_is_named(own, tmp_path, fault, use):
    spoil, words = FAULTS[fault]
    kept = tmp_path / "kept"
    with open_again(own, kept) as opened:
        opened.mention_weeks()
    before = {path: path.read_bytes() for path in kept.iterdir()}
    spoil(own)
    with pytest.raises(tables.DataError, match=rf"{PART}.*{words}"):
        tables.load(own, engine="duckdb://") if use == "load" else tables.logs(own, cache=kept, check=False)
    assert before == {path: path.read_bytes() for path in kept.iterdir()}


def test_a_part_with_broken_pages_is_named_when_it_is_read(own, tmp_path):
    break_pages(own)
    with (
        open_again(own, tmp_path) as opened,
        pytest.raises(panels.BrokenPart, match=r"mentions/week=2025-01-06/part-0"),
    ):
        opened.mention_weeks()
    with pytest.raises(tables.DataError, match=r"mentions/week=2025-01-06/part-0.*a broken Parquet file"):
        tables.load(own, engine="duckdb://")
    assert list(tmp_path.glob("*.parquet")) == []


def test_an_optional_column_may_be_missing_from_a_part(own, frames, tmp_path):
    rewrite(own, lambda rows: rows.drop_columns(["sentiment", "reach"]))
    said = frames["mentions"].copy()
    week = (said["created_at"] >= "2025-02-03") & (said["created_at"] < "2025-02-10")
    said.loc[week, "sentiment"] = np.nan
    with tables.logs(own, cache=tmp_path / "kept") as opened:
        equal(opened.mention_weeks(), logs.naive_weeks(said))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("oracle://here", "no engine is called 'oracle://here'; allowed: duckdb://"),
        ("duckdb://?memory_limit=lots", "memory_limit=lots"),
        ("duckdb://?no_such_setting=1", "no_such_setting"),
    ],
)
def test_an_engine_that_is_none(url, words):
    with pytest.raises(panels.PanelError, match=words.replace("?", r"\?")):
        panels.connect(url)


def test_no_room_to_spill_is_said(tmp_path):
    url = f"duckdb://?memory_limit=20MB&threads=1&max_temp_directory_size=1KB&temp_directory={tmp_path}"
    with panels.connect(url) as engine:
        numbers = ibis.range(0, 3_000_000).unnest().name("n").as_table()
        texts = numbers.select(text=(numbers["n"] * 7919 % 1_000_003 + numbers["n"]).cast("string")).distinct()
        with pytest.raises(panels.PanelError, match=f"no space left in {tmp_path}"):
            engine.arrow(texts.aggregate(n=texts.count()))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "megabytes", "held"),
    [
        ("duckdb://?threads=2", 127, 200),
        ("duckdb://?threads=2", 1100, 550),
        ("duckdb://?threads=2", 90_000, 2000),
        ("duckdb://?memory_limit=300MB", 90_000, 300),
    ],
)
def test_larger_logs_may_hold_more_memory_unless_it_was_given(opened, url, megabytes, held):
    part = replace(opened.logs["mentions"].parts[0], size=megabytes * 1_000_000)
    with panels.connect(url) as engine:
        engine.parquet([part])
        number, unit = engine.connection.settings["memory_limit"].split()
    assert float(number) * {"MiB": 1 << 20, "GiB": 1 << 30}[unit] == pytest.approx(held * 1e6, rel=0.05)


# as a data set --------------------------------------------------------------------------------------------------------

CUTS = [
    {},
    {"brand": ""},
    {"brand": "haneul", "since": "2025-02-05"},
    {"brand": "solbit", "since": "2025-01-20", "until": "2025-03-02"},
    {"until": "2025-02-11"},
]


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The simulated sample, its logs as partitioned Parquet."""
    folder, whole = tmp_path_factory.mktemp("sample"), tables.load(places.sample())
    shutil.copytree(places.sample(), folder, dirs_exist_ok=True)
    for name in ("mentions", "purchases", "cases", "shares", "posts"):
        (folder / f"{name}.csv").unlink()
        logs.write_weeks(getattr(whole, name), folder / name, tables.CONTRACT[name].clock)
    return folder


def same_tables(found, expected):
    assert found.names == expected.names
    assert found.dataset == expected.dataset
    for name in expected.names:
        pd.testing.assert_frame_equal(getattr(found, name), getattr(expected, name))


def test_an_engine_loads_the_same_frames_in_the_same_order(sample):
    for options in (
        {"brand": "mirae", "since": "2025-11-01"},
        {"brand": "yeoul", "since": "2025-06-02", "until": "2026-02-11"},
    ):
        same_tables(tables.load(sample, engine="duckdb://", **options), tables.load(sample, **options))


@pytest.mark.parametrize("options", CUTS, ids=str)
def test_logs_load_the_same_with_and_without_an_engine(data, options):
    same_tables(tables.load(data, engine="duckdb://", **options), tables.load(data, **options))


def test_only_the_partitions_asked_for_are_read_home(data, monkeypatch):
    read = []
    plain = panels.Log.rows

    def rows(log, names, *, start=None, end=None, places=False):
        if places and "medium" in names and "text" in names and log.time == "created_at":
            read.append([part.name for part in log._parts(start, end)])
        return plain(log, names, start=start, end=end, places=places)

    monkeypatch.setattr(panels.Log, "rows", rows)
    tables.load(data, engine="duckdb://", since="2025-03-10", brand="mirae")
    assert ["mentions/week=2025-03-10/part-0.parquet", "mentions/week=2025-03-17/part-0.parquet"] in read


def test_the_engine_may_stand_in_the_description_or_in_the_environment(own, monkeypatch):
    used = []
    plain = panels.connect
    monkeypatch.setattr(panels, "connect", lambda url="": (used.append(url), plain(url))[1])
    tables.load(own)
    (own / "dataset.toml").write_text('engine = "duckdb://?threads=1"\n' + DESCRIPTION, encoding="utf-8")
    tables.load(own)
    monkeypatch.setenv("SMM_ENGINE", "duckdb://?threads=2")
    tables.load(own)
    tables.load(own, engine="duckdb://")
    assert used == ["duckdb://?threads=1", "duckdb://?threads=2", "duckdb://"]


def test_what_was_in_order_is_not_checked_again(own, monkeypatch):
    asked, plain = [], panels.check
    monkeypatch.setattr(panels, "check", lambda log, rules: (asked.append(log.time), plain(log, rules))[1])
    tables.load(own, engine="duckdb://")
    assert sorted(asked) == ["acquired_at", "created_at", "opened_at", "purchased_at"]
    asked.clear()
    tables.load(own, engine="duckdb://")
    assert asked == []
    rewrite(own, lambda rows: rows.set_column(12, "sentiment", pa.nulls(len(rows), pa.float64())))
    tables.load(own, engine="duckdb://")
    assert asked == ["created_at", "opened_at"]  # the mentions, and the cases that point at them


def test_a_large_table_without_rows_is_as_good_as_none(own, monkeypatch):
    """As a small one is: in one file, or in parts that are all empty; and of a part without rows nothing is said."""
    monkeypatch.setattr("smm_analysis.tables.large.LARGE", 1)
    one = own / "cases" / "all.parquet"
    parquet.write_table(parquet.read_table(one).slice(0, 0), one)
    parts = sorted((own / "purchases").rglob("*.parquet"))
    parquet.write_table(parquet.read_table(parts[0], partitioning=None).slice(0, 0), parts[0])
    found = tables.check(own)
    assert found.ok and found.notes == ["cases: no rows, only the header; read as if the table were not there"]
    assert "cases" not in tables.load(own).names
    with tables.logs(own) as opened:
        assert "cases" not in opened.logs
    with pytest.raises(tables.DataError, match=r"the table cases is missing in .*, or has no rows"):
        tables.load(own, need=["cases"])


def test_a_run_on_a_large_set_leaves_its_rows_where_they_are(own, monkeypatch):
    from smm_analysis.report.plan import DataSource

    monkeypatch.setattr("smm_analysis.tables.large.LARGE", 1)
    source = DataSource.open(own, whole=True)
    assert (source.tables, source.names) == (None, ("mentions", "cases", "customers", "purchases"))
    assert source.one_brand("") == logs.BRANDS[0]
    source.check_part(["mentions"], brand="haneul", since="2025-02-01", until="")
    for wrong, words in (({"brand": "x"}, "brand='x' is not"), ({"since": "2025"}, "is not a date")):
        with pytest.raises(tables.DataError, match=words):
            source.check_part(["mentions"], **wrong)
    with pytest.raises(tables.MissingTable, match="the table weekly is missing"):
        source.check_part(["weekly"])


# every rule that small tables are held to -----------------------------------------------------------------------------


def spoilt(frame, rows, **values):
    frame = frame.copy()
    for name, value in values.items():
        frame.loc[rows, name] = value
    return frame


LATE = pd.Timestamp("2025-03-24 00:00", tz=logs.ZONE)
RULES = {
    "present": ("mentions", {"author_key": None}, range(3, 12)),
    "choice": ("mentions", {"author_role": "bot"}, [7]),
    "declared": ("mentions", {"brand": "nobody"}, [7, 2000]),
    "range": ("mentions", {"sentiment": 1.5}, [1, 2]),
    "finite": ("mentions", {"sentiment": -np.inf}, [1]),
    "below": ("mentions", {"reach": -1}, [5]),
    "observed": ("mentions", {"created_at": LATE}, [2999]),
    "unique": ("mentions", {"mention_id": "m00000"}, [50, 51]),
    "mangled": ("mentions", {"author_key": "1.2E+17"}, [9]),
    "word": ("mentions", {"parent_id": "None"}, [9]),
    "order": ("cases", {"first_response_at": pd.Timestamp("2024-12-01", tz=logs.ZONE)}, [4]),
    "dangling": ("cases", {"mention_id": "nowhere"}, [4, 6]),
    "orphan": ("purchases", {"customer_key": "c9999"}, [40]),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_broken_alike_with_and_without_an_engine(frames, tmp_path, rule):
    name, values, rows = RULES[rule]
    (tmp_path / "dataset.toml").write_text(DESCRIPTION, encoding="utf-8")
    for table, frame in frames.items():
        changed = spoilt(frame, list(rows), **values) if table == name else frame
        (tmp_path / table).mkdir()
        half = len(changed) // 2
        for part, piece in enumerate((changed.iloc[:half], changed.iloc[half:])):
            piece.to_parquet(tmp_path / table / f"part-{part}.parquet", index=False)
    ours, theirs = tables.check(tmp_path, engine="duckdb://"), tables.check(tmp_path)
    assert not theirs.ok
    pd.testing.assert_frame_equal(ours.tables, theirs.tables)
    told = [
        sorted((p.file, p.line, p.column, p.count, [line for line, _ in p.also], p.allowed, p.fix) for p in c.problems)
        for c in (ours, theirs)
    ]
    assert told[0] == told[1]


# Spark: a real master and a real worker, over the loopback ------------------------------------------------------------


def spark_missing():
    try:
        import pyspark  # noqa: F401
    except ImportError:
        return "pyspark is not installed: pip install 'smm-analysis[spark]'"
    return "" if shutil.which("java") else "there is no Java"


spark = pytest.mark.skipif(bool(spark_missing()), reason=spark_missing() or "-")


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    """A standalone master with one worker of two cores; both end with the test."""
    import os
    import socket

    import pyspark

    home, work = Path(pyspark.__file__).parent, tmp_path_factory.mktemp("spark")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"spark://127.0.0.1:{port}"
    place = ["--memory", "2g", "--work-dir", str(work), url]
    starts = [
        ["org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0"],
        ["org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--webui-port", "0", "--cores", "2", *place],
    ]
    about = {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m"}
    outs = [(work / f"{number}.log").open("w") for number in range(2)]
    running = []
    try:
        for start, out in zip(starts, outs, strict=True):
            command = [str(home / "bin" / "spark-class"), *start]
            running.append(subprocess.Popen(command, env=os.environ | about, stdout=out, stderr=out))
        registered = time.monotonic() + 90
        while "Successfully registered" not in (work / "1.log").read_text():
            assert time.monotonic() < registered, (work / "1.log").read_text()[-500:]
            time.sleep(0.5)
        yield f"{url}?spark.sql.shuffle.partitions=2"
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(20)
        for out in outs:
            out.close()


@spark
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # py4j leaves its sockets to Python
def test_a_real_cluster_gives_the_naive_panels(data, frames, master, tmp_path):
    cutoff = pd.Timestamp("2025-02-20 13:00", tz=logs.ZONE)
    args = [frames[name] for name in ("customers", "purchases", "mentions")]
    with open_again(data, tmp_path / "kept", engine=master) as opened:
        for options in COUNTINGS[:2]:
            equal(opened.mention_weeks(**options), logs.naive_weeks(frames["mentions"], **options))
        equal(opened.customer_features(cutoff), logs.naive_features(*args, cutoff=cutoff))
        equal(opened.response_times(), logs.naive_waits(frames["cases"], frames["mentions"]))
        local = frames["mentions"].assign(created_at=frames["mentions"]["created_at"].dt.tz_localize(None))
        local.to_parquet(tmp_path / "local.parquet", index=False)
        parts = panels.parts_of(tmp_path / "local.parquet", tmp_path, clock="created_at")
        log = panels.Log(opened.engine, parts, KINDS, panels.Clock(logs.ZONE), "created_at")
        equal(panels.mention_weeks(log, until=UNTIL), logs.naive_weeks(frames["mentions"]))
        seen = logs.exposures(np.random.default_rng(3))
        seen.to_parquet(tmp_path / "seen.parquet", index=False)
        [part] = panels.parts_of(tmp_path / "seen.parquet", tmp_path)
        table = opened.engine.parquet([part])
        found = opened.engine.arrow(panels.reach_frequency(table)).to_pandas()
        pairs = opened.engine.arrow(panels.duplication(table)).to_pandas()
    by = ["brand", "period", "channel", "line", "frequency"]
    equal(found.sort_values(by, ignore_index=True), logs.naive_frequency(seen))
    by = ["brand", "period", "channel_a", "channel_b"]
    equal(pairs.sort_values(by, ignore_index=True), logs.naive_duplication(seen))


@spark
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # py4j leaves its sockets to Python
def test_a_real_cluster_loads_and_checks_the_same(data, own, master):
    options = {"brand": "haneul", "since": "2025-02-05"}
    same_tables(tables.load(data, engine=master, **options), tables.load(data, **options))
    rewrite(own, lambda rows: rows.set_column(4, "author_key", pa.nulls(len(rows), pa.string())))
    ours, theirs = tables.check(own, engine=master), tables.check(own)
    assert [(p.file, p.line, p.count) for p in ours.problems] == [(p.file, p.line, p.count) for p in theirs.problems]
    break_pages(own)
    with pytest.raises(tables.DataError, match=r"mentions/week=2025-01-06/part-0.*a broken Parquet file"):
        tables.load(own, engine=master)


@spark
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # py4j leaves its sockets to Python
def test_a_master_that_does_not_answer_is_said():
    with pytest.raises(panels.PanelError, match=r"no Spark answers at spark://127\.0\.0\.1:9"):
        panels.connect("spark://127.0.0.1:9")


# the notebooks --------------------------------------------------------------------------------------------------------

HEADLINE = ("01_basic_vs_diffusion", "02_atl_vs_btl_reach", "03_nps_vs_customer_health")


def verdicts_of(data, out, engine=""):
    """What the three headline reports say, run as `smm report` does."""
    import json

    from smm_analysis.report import run

    request = run.Request(HEADLINE, data=data, out=out, engine=engine, jobs=1)
    assert run.run(request, say=lambda line: None) == 0
    manifest = json.loads((out / "latest" / "manifest.json").read_text(encoding="utf-8"))
    return {report["name"]: report["verdicts"] for report in manifest["reports"]}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """What they say of the sample as it is."""
    return verdicts_of(places.sample(), tmp_path_factory.mktemp("plain"))


@pytest.mark.slow
def test_the_headline_notebooks_say_the_same_by_duckdb(sample, verdicts, tmp_path):
    assert sum(map(len, verdicts.values())) > 15
    assert verdicts_of(sample, tmp_path, "duckdb://") == verdicts


@spark
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_headline_notebooks_say_the_same_by_spark(sample, verdicts, master, tmp_path):
    assert verdicts_of(sample, tmp_path, master) == verdicts
