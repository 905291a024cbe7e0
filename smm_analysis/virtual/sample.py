"""The sample data set (표본 데이터): brands with different plans, written as a folder of the contract."""

import json
import shutil
from pathlib import Path

import pandas as pd

from smm_analysis.tables import CONTRACT

from .engine import simulate
from .exporter import TIMEZONE, observed_until
from .heard import WHAT
from .records import MEDIA
from .simulation import Simulation
from .truth import truth_of
from .worlds import PLANS, POLICIES, WORLDS, find

BRANDS = ("mirae", "haneul", "solbit", "narae", "dansol", "yeoul", "garam", "onsaem", "byeolha")
SAMPLE_PLANS = (
    "basic_then_diffusion",
    "diffusion_only",
    "basic_only",
    "paid_heavy",
    "promotion_heavy",
    "steady",
    "participation_after",
    "participation_first",
    "burst",
)
SAMPLE_PEOPLE = 2500
OURS = {"dataset.toml", "truth.json"}  # beside the tables, what a simulated data set holds


def write_sample(
    out: str | Path,
    *,
    seed: int,
    brands: int = 6,
    weeks: int = 104,
    world: str = "default",
    policy: str = "planned",
    plan: str = "",
    people: int = SAMPLE_PEOPLE,
    force: bool = False,
) -> Path:
    """Write a data set of virtual brands (가상 브랜드 데이터 세트를 쓴다).

    Parameters
    ----------
    out : the folder; its tables, ``dataset.toml`` and ``truth.json`` are a function of the other arguments
    seed : which luck
    brands : how many brands, at most nine
    weeks, world, policy, people : as in `simulate`
    plan : one plan for all brands; "" gives each brand another
    force : replace an earlier simulated data set; other folders are never replaced

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ValueError
        Unknown names or sizes.
    FileExistsError
        The folder holds something else, or a simulated data set and `force` was not given.
    """
    out = Path(out).resolve()
    if not 1 <= brands <= len(BRANDS):
        raise ValueError(f"brands must be in 1..{len(BRANDS)}, not {brands}")
    for registry, what, name in ((WORLDS, "world", world), (POLICIES, "policy", policy), (PLANS, "plan", plan)):
        find(registry, what, name or "steady")
    _check_place(out, force)
    plans = [plan] * brands if plan else SAMPLE_PLANS[:brands]
    sims = [
        simulate(seed=seed, brand=b, world=world, policy=policy, plan=p, weeks=weeks, people=people)
        for b, p in zip(BRANDS, plans, strict=False)
    ]
    return _place(out, sims)


def _check_place(out: Path, force: bool) -> None:
    """Refuse a folder that holds anything but an earlier simulated data set, and that one too unless forced."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    files = {p.name for p in out.iterdir()} if out.is_dir() else {out.name}
    ours = "truth.json" in files and all(name in OURS or name.removesuffix(".csv") in CONTRACT for name in files)
    if not ours:
        raise FileExistsError(f"{out} is there and is no simulated data set; it is left alone. Give a new folder")
    if not force:
        raise FileExistsError(f"{out} is not empty; give force=True (--force) to replace it")


def _place(out: Path, sims: list[Simulation]) -> Path:
    """Write beside the folder, then put it in its place, so that nobody reads half a data set."""
    fresh, old = (out.with_name(f".{out.name}.{part}") for part in ("new", "old"))
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)
    fresh.mkdir(parents=True)
    _write(fresh, sims)
    if out.exists():
        out.rename(old)
    fresh.rename(out)
    shutil.rmtree(old, ignore_errors=True)
    return out


def _write(folder: Path, sims: list[Simulation]) -> None:
    made = [sim.tables() for sim in sims]
    keyed = [_own_keys(tables, number) for number, tables in enumerate(made)]
    for name in made[0]:
        table = pd.concat([tables[name] for tables in keyed], ignore_index=True)
        if len(table):  # a table without rows is a table that is not there
            _as_text(table).to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")
    (folder / "dataset.toml").write_text(_dataset(sims), encoding="utf-8", newline="\n")
    told = {"heard": WHAT, "brands": {sim.setting.brand: truth_of(sim) for sim in sims}}
    text = json.dumps(told, ensure_ascii=False, indent=1)
    (folder / "truth.json").write_text(text + "\n", encoding="utf-8", newline="\n")


def _own_keys(tables: dict[str, pd.DataFrame], number: int) -> dict[str, pd.DataFrame]:
    """Customer keys that are unique in the data set: c000123 of the second brand is c100123."""
    out = dict(tables)
    for name, columns in {
        "customers": ["customer_key", "referred_by"],
        "purchases": ["customer_key"],
        "surveys": ["customer_key"],
        "cases": ["customer_key"],
        "leads": ["customer_key"],
    }.items():
        out[name] = out[name].assign(**{c: _renumbered(out[name][c], number) for c in columns})
    return out


def _renumbered(keys: pd.Series, number: int) -> pd.Series:
    return keys.where(keys.isna(), "c" + str(number) + keys.str[2:])


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Dates and times as ISO 8601, times to the minute with their offset."""
    out = table.copy()
    for name, column in table.items():
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            text = column.dt.strftime("%Y-%m-%dT%H:%M+09:00")
            out[name] = text.where(column.notna(), None)
        elif column.dtype.kind == "M":
            out[name] = column.dt.strftime("%Y-%m-%d")
    return out


def _dataset(sims: list[Simulation]) -> str:
    """The text of dataset.toml."""
    first = sims[0].setting
    lines = [
        f'name = "virtual brands, {first.world.name} world, {first.policy.name} policy, seed {first.seed}"',
        'currency = "KRW"',
        f'timezone = "{TIMEZONE}"',
        f"observed_until = {observed_until(first.weeks)}:00+09:00",
        'language = "ko"',
        "synthetic = true",
    ]
    for number, sim in enumerate(sims):
        route = ("page", "person", "person-then-page")[number % 3]
        lines += [
            "",
            f"[brand.{sim.setting.brand}]",
            f"market_size = {sim.setting.people}",
            'central_medium = "page"',
            f'account_route = "{route}"',
            "",
            f"[brand.{sim.setting.brand}.presence]",
            *(
                f"{item} = {str((number + i) % 4 != 3).lower()}"
                for i, item in enumerate(("profile", "logo", "contact", "story"))
            ),
        ]
    for name, (kind, side) in MEDIA.items():
        lines += ["", f"[medium.{name}]", f'kind = "{kind}"', f'side = "{side}"']
    return "\n".join(lines) + "\n"
