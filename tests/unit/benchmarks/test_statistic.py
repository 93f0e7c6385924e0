"""The arithmetic of the benchmarks: medians, percentiles, ratios, and what a target makes of them."""

from __future__ import annotations

import pytest

from benchmarks.case import CASES, Setting
from benchmarks.chart import chart
from benchmarks.report import duration
from benchmarks.statistic import Measurement, Results, Slice, percentile, ratio
from benchmarks.target import TARGETS, Target

ALONE = Setting("list20", 0, 1)
CROWD = Setting("list20", 0, 32)


def _measured(setting: Setting, *rounds: list[int], peer: str = "freehold") -> Measurement:
    return Measurement(setting, peer, [Slice(samples, sum(samples)) for samples in rounds])


def test_a_percentile_is_a_value_that_was_measured() -> None:
    """The nearest rank, at both ends as well."""
    samples = [5, 1, 4, 2, 3]
    assert [percentile(samples, percent) for percent in (0, 20, 50, 95, 100)] == [1, 1, 3, 5, 5]


def test_times_are_microseconds_and_rows_are_per_second() -> None:
    """Two calls of 20 rows in 4 microseconds are ten million rows a second."""
    measured = _measured(ALONE, [1000, 3000])
    assert (measured.median_us, measured.p95_us) == (2.0, 3.0)
    assert measured.rows_per_s == pytest.approx(2 * CASES["list20"].rows / 4e-6)


def test_ratios_are_taken_within_a_round() -> None:
    """A machine that is ten times slower in one round changes both peers, and so nothing."""
    mine = _measured(ALONE, [200], [2000], [200])
    floor = _measured(ALONE, [100], [1000], [100], peer="asyncpg_bare")
    assert ratio(mine, floor) == 2.0


def test_many_callers_are_compared_by_throughput() -> None:
    """Latencies of callers who wait for each other would count the queue, not the work."""
    mine = Measurement(CROWD, "a", [Slice([9_000, 9_000, 9_000], 3_000)])
    floor = Measurement(CROWD, "b", [Slice([1_000], 2_000)])
    assert ratio(mine, floor) == 0.5


def test_different_settings_are_compared_by_their_medians() -> None:
    """Their rounds are not the same time, and there may be more of one."""
    assert ratio(_measured(ALONE, [100], [300], [200]), _measured(Setting("point", 0, 1), [100])) == 2.0


def test_a_target_is_reached_or_missed_or_was_not_measured() -> None:
    """``faster`` turns the ratio round."""
    results = Results()
    results.add(ALONE, "freehold", Slice([100], 100))
    results.add(ALONE, "asyncpg_pool", Slice([200], 200))
    assert Target("", ALONE, "asyncpg_pool", most=0.5).reached(results)
    assert not Target("", ALONE, "asyncpg_pool", most=0.4).reached(results)
    assert Target("", ALONE, "asyncpg_pool", faster=2).reached(results)
    assert not Target("", ALONE, "asyncpg_pool", faster=2.1).reached(results)
    assert Target("", ALONE, "drizzle", faster=5).reached(results) is None


def test_a_record_has_what_readers_of_the_results_expect() -> None:
    """The file of results is a list of exactly these."""
    results = Results()
    results.add(ALONE, "freehold", Slice([150], 150))
    results.add(ALONE, "asyncpg_bare", Slice([100], 100))
    record = results.records({"list20": "asyncpg_bare"})[0]
    fields = ["case", "peer", "rtt_ms", "concurrency", "median_us", "p95_us", "rows_per_s", "ratio_to_floor"]
    assert list(record) == fields
    assert record["ratio_to_floor"] == 1.5


def test_every_target_names_a_case_that_is_measured() -> None:
    """A misspelt case would never be reached nor missed."""
    settings = {setting for case in CASES.values() for setting in case.settings()}
    assert {target.setting for target in TARGETS} | {target.other for target in TARGETS if target.other} <= settings


@pytest.mark.parametrize(
    ("microseconds", "text"), [(87.6, "88 µs"), (1234, "1.23 ms"), (145_000, "145 ms"), (2_500_000, "2.5 s")]
)
def test_a_time_has_three_digits(microseconds: float, text: str) -> None:
    """Nobody reads more."""
    assert duration(microseconds) == text


def test_the_chart_draws_a_bar_for_every_peer() -> None:
    """Names are escaped, and what was not measured has no panel."""
    results = Results()
    results.add(ALONE, "freehold", Slice([150_000], 150_000))
    results.add(ALONE, "asyncpg_bare", Slice([100_000], 100_000))
    drawing = chart(results, lambda peer: f"{peer} <1>")
    assert drawing.count('height="13"') == 3 + 2
    assert "freehold &lt;1&gt;" in drawing
    assert "32 callers" not in drawing
