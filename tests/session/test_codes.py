"""The stored codes cover every metric and quality: a new one that is not in the tables could not be recorded."""

from kapconsole.rows import METRIC_CODES, QUALITY_CODES
from kapdevices.readings import UNITS, Metric, Quality


def test_every_metric_and_quality_has_a_code_and_a_unit() -> None:
    assert set(METRIC_CODES) == set(Metric) == set(UNITS)
    assert set(QUALITY_CODES) == set(Quality)
    assert len(METRIC_CODES) == len(set(METRIC_CODES))
    assert len(QUALITY_CODES) == len(set(QUALITY_CODES))
