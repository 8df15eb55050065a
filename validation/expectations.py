"""The rules of an extract as Great Expectations, and the one place that runs them.

Importing this module imports Great Expectations (seconds of processor time), so `validation.extract` imports it when first
needed. It may hold raw values while a suite runs, and gives back row positions only: GX result formats other than
BOOLEAN_ONLY carry values, so no result object leaves this module.
"""

import functools
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read by GX when it is imported; nothing is reported to anyone

import great_expectations as gx
import pandas as pd
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.core.expect_column_pair_values_a_to_be_greater_than_b import ExpectColumnPairValuesAToBeGreaterThanB
from great_expectations.expectations.core.expect_column_values_to_be_in_set import ExpectColumnValuesToBeInSet
from great_expectations.expectations.core.expect_column_values_to_match_regex import ExpectColumnValuesToMatchRegex
from great_expectations.expectations.core.expect_column_values_to_not_be_null import ExpectColumnValuesToNotBeNull
from great_expectations.expectations.expectation import ColumnMapExpectation, Expectation
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import column_condition_partial
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import ColumnMapMetricProvider

from schemas import identifiers
from schemas.extracts import FileRules, Rule

CHECKS: Final[Mapping[str, Callable[[str], bool]]] = {
    "upn": identifiers.is_upn,
    "pnc_id": identifiers.is_pnc_id,
    "nomis_number": identifiers.is_nomis_number,
    "postcode": identifiers.is_postcode,
}
POSITIONS_ONLY: Final = {
    "result_format": "COMPLETE",
    "exclude_unexpected_values": True,
    "partial_unexpected_count": 0,
    "return_unexpected_index_query": False,
}


class ColumnValuesPassCheck(ColumnMapMetricProvider):
    """Which values have the form and check character of a named identifier."""

    condition_metric_name = "column_values.pass_check"
    condition_value_keys = ("check",)

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, check: str, **_kwargs: Any) -> pd.Series:  # noqa: N805 - the decorator makes it a class method
        return column.map(CHECKS[check]).astype(bool)


class ColumnValuesAreIsoDates(ColumnMapMetricProvider):
    """Which values are days of the calendar, written YYYY-MM-DD, in a range."""

    condition_metric_name = "column_values.are_iso_dates"
    condition_value_keys = ("earliest", "latest")

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, earliest: str, latest: str, **_kwargs: Any) -> pd.Series:  # noqa: N805 - as above
        day = pd.to_datetime(column, format="%Y-%m-%d", errors="coerce")
        return day.notna() & (column.str.len() == len("YYYY-MM-DD")) & column.between(earliest, latest)


class ExpectColumnValuesToPassCheck(ColumnMapExpectation):
    """Expect values to have the form and check character of a named identifier."""

    check: str
    map_metric = "column_values.pass_check"
    success_keys = ("check", "mostly")


class ExpectColumnValuesToBeIsoDates(ColumnMapExpectation):
    """Expect values to be days of the calendar, written YYYY-MM-DD, in a range."""

    earliest: str
    latest: str
    map_metric = "column_values.are_iso_dates"
    success_keys = ("earliest", "latest", "mostly")


def _before(column: str, rule: Rule, **common: Any) -> Expectation:
    later = rule.arguments["column"]
    return ExpectColumnPairValuesAToBeGreaterThanB(column_A=later, column_B=column, ignore_row_if="either_value_is_missing", **common)


def _holds(column: str, rule: Rule, **common: Any) -> Expectation:
    return ExpectColumnValuesToBeInSet(column=helper_column(column, rule), value_set=[True], **common)


EXPECTATIONS: Final[Mapping[str, Callable[..., Expectation]]] = {
    "present": lambda column, _rule, **common: ExpectColumnValuesToNotBeNull(column=column, **common),
    "matches": lambda column, rule, **common: ExpectColumnValuesToMatchRegex(column=column, regex=rule.arguments["pattern"], **common),
    "one_of": lambda column, rule, **common: ExpectColumnValuesToBeInSet(column=column, value_set=rule.arguments["values"], **common),
    "check": lambda column, rule, **common: ExpectColumnValuesToPassCheck(column=column, check=rule.arguments["check"], **common),
    "date": lambda column, rule, **common: ExpectColumnValuesToBeIsoDates(
        column=column, earliest=rule.arguments["from"], latest=rule.arguments["to"], **common
    ),
    "before": _before,
    "unique": _holds,
    "refers_to": _holds,
}


def helper_column(column: str, rule: Rule) -> str:
    """Return the name of the column that says, row by row, whether a rule about other rows holds."""
    return f"{column}|{rule.name}"


def failing_positions(frame: pd.DataFrame, rules: FileRules) -> Iterator[tuple[str, Rule, list[int]]]:
    """Run the suite of a file; yield column, rule and the positions in `frame` of the rows that break it.

    Args:
        frame: text columns, missing values as None, index 0 to rows - 1, with the helper columns the rules ask for.
        rules: the file's rules; columns that `frame` does not have are left out.

    Raises:
        RuntimeError: Great Expectations could not evaluate a rule.
    """
    present = ((column.name, rule) for column in rules.columns if column.name in frame for rule in column.rules)
    named = {str(number): pair for number, pair in enumerate(present)}
    suite = gx.ExpectationSuite(name=rules.name)
    suite.expectations = [EXPECTATIONS[rule.name](column, rule, meta={"key": key}) for key, (column, rule) in named.items()]
    batch = _batches().get_batch(batch_parameters={"dataframe": frame})
    for result in batch.validate(suite, result_format=POSITIONS_ONLY).results:
        column, rule = named[_key(result)]
        positions = result.result.get("unexpected_index_list")
        if not result.success and positions is None:
            raise RuntimeError(f"column {column}: the rule {rule.name} could not be evaluated")
        yield column, rule, list(positions or ())


def _key(result: ExpectationValidationResult) -> str:
    if result.expectation_config is None or result.expectation_config.meta is None:
        raise RuntimeError("a result without its expectation")
    return str(result.expectation_config.meta["key"])


@functools.cache
def _batches() -> BatchDefinition[Any]:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return context.data_sources.add_pandas("custodian").add_dataframe_asset("file").add_batch_definition_whole_dataframe("rows")
