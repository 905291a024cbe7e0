"""Engines (엔진): DuckDB in this process by default, Spark by URL; both answer the same Ibis expressions.

>>> with connect() as engine:
...     engine.kind
'duckdb'
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from .faults import BrokenPart, PanelError
from .parts import first_line, first_unreadable
from .words import told

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import ibis.expr.types as ir
    import pyarrow as pa

    from .parts import Part

MEMORY = 100  # MB that DuckDB may hold a thread before it spills; duckdb://?memory_limit=8GB asks for more
MOST = 2000  # MB, of logs that are larger: half of what they take on disk, and never more than this unasked
_FULL = ("no space left", "out of disk", "failed to write", "max_temp_directory_size", "could not write")
_MEMORY = ("out of memory", "outofmemory", "java heap space")
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")


@dataclass(frozen=True)
class Engine:
    """What aggregates the logs (엔진): an Ibis connection, and a temporary folder to spill into.

    `kind` is duckdb or pyspark. Use it in a `with`: the end closes the connection and deletes the folder.
    """

    url: str
    kind: str
    connection: Any = field(repr=False)
    spill: Path | None = field(repr=False, default=None)
    memory: int = 0  # MB it holds at least, if it may hold more for larger logs; 0 = as it was told
    parts: dict[str, Part] = field(repr=False, default_factory=dict)  # all that was opened, by name

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection and delete what was spilled."""
        self.connection.disconnect()
        if self.spill:
            shutil.rmtree(self.spill, ignore_errors=True)

    def parquet(self, parts: Sequence[Part]) -> ir.Table:
        """Return parts of equal types as they are, with `_part` (the path, as the engine writes it) and `_row`."""
        self.parts.update({part.name: part for part in parts})
        paths = [part.path.resolve() for part in parts]
        with _quiet():
            self._grow()
            return self._duckdb(paths) if self.kind == "duckdb" else self._spark(paths)

    def _grow(self) -> None:
        """Let DuckDB hold more where the logs are larger: a panel of many customers does not fit into the least."""
        if self.memory:
            half = sum(part.size for part in self.parts.values()) // 2_000_000
            self.connection.settings["memory_limit"] = f"{max(self.memory, min(half, MOST))}MB"

    def _duckdb(self, paths: Sequence[Path]) -> ir.Table:
        literal = [_escaped(str(path), "[{}]") for path in paths]
        named = {"filename": "_part", "file_row_number": True, "hive_partitioning": False}
        return self.connection.read_parquet(literal, **named).rename(_row="file_row_number")

    def _spark(self, paths: Sequence[Path]) -> ir.Table:
        from ibis.util import gen_name
        from pyspark.sql import functions

        literal = ["file://" + _escaped(path.as_posix(), "\\{}") for path in paths]
        place = [
            functions.col("_metadata.file_path").alias("_part"),
            functions.col("_metadata.row_index").alias("_row"),
        ]
        name = gen_name("smm")
        frame = self.connection._session.read.parquet(*literal).select("*", *place)
        local = [field.name for field in frame.schema if field.dataType.typeName() == "timestamp_ntz"]
        frame = frame.withColumns(
            {column: frame[column].cast("timestamp") for column in local}
        )  # the session is in UTC
        frame.createOrReplaceTempView(name)
        return self.connection.table(name)

    def micros(self, times: ir.Value) -> ir.IntegerValue:
        """Return times as microseconds since 1970, by the engine's own function for it."""
        return _MICROS[self.kind]()(times)

    def arrow(self, expression: ir.Table) -> pa.Table:
        """Run an expression and return its rows (실행).

        Raises
        ------
        PanelError
            If the engine cannot: a part that is broken (named), a full disk, too little memory, or its own words.
        """
        try:
            with _quiet():
                return self.connection.to_pyarrow(expression)
        except Exception as error:  # engines raise what they like, and so does Java
            raise self._explained(error) from error

    def _explained(self, error: Exception) -> PanelError:
        words = str(error).lower()
        if any(text in words for text in _FULL):
            return PanelError(told("no_space", place=self.spill or told("temporary"), why=first_line(error)))
        if broken := first_unreadable(self.parts.values(), {name for p in self.parts.values() for name in p.types}):
            return broken
        if any(text in words for text in _MEMORY):
            return PanelError(told("little_memory", url=self.url, why=first_line(error)))
        return PanelError(told("gave_up", url=self.url, why=first_line(error)))


def connect(url: str = "") -> Engine:
    """Open an engine (엔진 연결).

    Parameters
    ----------
    url : "" or duckdb:// (this process, 100 MB a core or half of what the logs take on disk, at most 2 GB, then it
        spills into a temporary folder); spark://HOST:7077 or local[*], which need the extra `spark` and Java 17. What
        follows a ? are the engine's own settings: duckdb://?memory_limit=8GB, spark://HOST:7077?spark.executor.memory=8g.

    Raises
    ------
    PanelError
        If the address is none, Spark or Java is missing, or no master answers.
    """
    address, _, query = url.partition("?")
    settings = dict(parse_qsl(query, strict_parsing=bool(query)))
    if address in ("", "duckdb", "duckdb://"):
        return _connect_duckdb(url or "duckdb://", settings)
    if address.startswith("spark://") or address == "local" or (address.startswith("local[") and address.endswith("]")):
        return _connect_spark(url, address, settings)
    raise PanelError(told("no_engine", url=url, allowed=told("engines")))


def _connect_duckdb(url: str, settings: Mapping[str, str]) -> Engine:
    import duckdb
    import ibis

    spill = Path(tempfile.mkdtemp(prefix="smm-spill-", dir=settings.get("temp_directory")))
    memory = MEMORY * max(2, int(settings.get("threads") or os.cpu_count() or 2))
    given = {"memory_limit": f"{memory}MB", "preserve_insertion_order": False, **settings, "temp_directory": str(spill)}
    try:
        with _quiet():
            connection = ibis.duckdb.connect(**given)
        return Engine(url, "duckdb", connection, spill, memory=0 if "memory_limit" in settings else memory)
    except duckdb.Error as error:
        shutil.rmtree(spill, ignore_errors=True)
        raise PanelError(told("not_connected", url=url, why=first_line(error))) from None


def _connect_spark(url: str, master: str, settings: Mapping[str, str]) -> Engine:
    _need_spark(url)
    import ibis
    from pyspark.sql import SparkSession

    quiet = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.sql.shuffle.partitions": "16"}
    near = _near(master)
    if near:  # workers here run our Python, whatever python3 is; elsewhere that is the cluster's affair
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(master).appName("smm")
    for name, value in {**quiet, **near, **settings}.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        return Engine(url, "pyspark", ibis.pyspark.connect(session))
    except Exception as error:  # py4j passes on whatever Java says
        raise PanelError(told("no_spark", url=url, why=first_line(error))) from None


def _near(master: str) -> dict[str, str]:
    """Keep to the loopback where the master does: a laptop's own name often leads nowhere."""
    host = urlsplit(master).hostname or "localhost"
    return {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"} if host in _LOOPBACK else {}


def _need_spark(url: str) -> None:
    from importlib.util import find_spec

    if find_spec("pyspark") is None:
        raise PanelError(told("needs_spark", url=url))
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise PanelError(told("needs_java", url=url))


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out what Ibis calls in its engines' Python by names that are going out of use."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield


def _escaped(path: str, pattern: str) -> str:
    """Return a path that is taken as it stands, not as a pattern."""
    return "".join(pattern.format(sign) if sign in "*?[" else sign for sign in path)


def _duckdb_micros() -> Callable:
    import ibis

    @ibis.udf.scalar.builtin(name="epoch_us", signature=(("timestamp",), "int64"))
    def epoch_us(times): ...

    return epoch_us


def _spark_micros() -> Callable:
    import ibis

    @ibis.udf.scalar.builtin(name="unix_micros", signature=(("timestamp",), "int64"))
    def unix_micros(times): ...

    return unix_micros


_MICROS = {"duckdb": _duckdb_micros, "pyspark": _spark_micros}

__all__ = ["BrokenPart", "Engine", "connect"]
