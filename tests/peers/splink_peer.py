"""Link two labelled files with Splink on plain text; print one JSON line with the figures that `kinlink evaluate --json` prints.

Runs in an environment of its own (requirements.txt beside this file) with the repository on PYTHONPATH, so that both are
measured by the same code. Settings are those of Splink's own examples, applied to whichever columns the files fill: comparisons
and blocking rules of "Deduplicate 50k synthetic", addresses and foreign postcodes as in "Febrl4 link-only". The labels choose nothing.
"""

import argparse
import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from validation.quality.charts import best_f1, threshold_curve
from validation.quality.pairs import ScoredPairs, measure

COLUMNS = ("given", "middle", "surname", "sex", "dob", "postcode", "address", "town")
UK_POSTCODE = r"[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}"
DETERMINISTIC_RECALL = 0.6  # as in the example: a guess at how many pairs of one person the deterministic rules find
U_PAIRS = 5e6
SEED = 1


def main():
    """Read two file names, link, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("left", type=Path)
    parser.add_argument("right", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    sides = [read(path) for path in (arguments.left, arguments.right)]
    pairs = one_to_one(predict([side.drop(columns="ent") for side in sides]))
    print(json.dumps(figures(pairs, *([*side["ent"]] for side in sides))))
    return 0


def read(path):
    """Return a file's records as Splink wants them: upper case, missing is null, dates in ISO form, house number apart."""
    raw = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=str)
    text = pd.DataFrame({name: raw[name].fillna("").astype(str).str.strip().str.upper() if name in raw else "" for name in COLUMNS})
    made = pd.DataFrame({name: text[name] for name in ("given", "middle", "surname", "sex", "postcode", "town")})
    made["dob"] = text["dob"].str.replace(r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3", regex=True)
    made["number"] = text["address"].str.extract(r"^(\d+\w*)\b", expand=False).fillna("")
    made["street"] = text["address"].str.replace(r"^\d+\w*\s+", "", regex=True)
    both = (made["given"] != "") & (made["surname"] != "")
    made["names"] = (made["given"] + " " + made["surname"]).where(both, "")
    made = made.astype(object).where(made != "", None)
    return made.assign(unique_id=np.arange(len(raw)), ent=raw["ent"].fillna("").astype(str))


def predict(sides):
    """Return every pair that Splink's model scores, with its match weight, surest first."""
    filled = {name for name in sides[0] if all(side[name].nunique() > 1 for side in sides)}
    british = bool(sides[0]["postcode"].dropna().str.fullmatch(UK_POSTCODE).mean() > 0.5)
    api = DuckDBAPI()
    settings = SettingsCreator(
        link_type="link_only",
        blocking_rules_to_generate_predictions=blocking_rules(filled),
        comparisons=comparisons(filled, british=british),
    )
    tables = [api.register(side, dataset_display_name=name) for side, name in zip(sides, ("a_left", "b_right"), strict=True)]
    linker = Linker(tables, settings, log_level="ERROR")
    train(linker, filled)
    return linker.inference.predict().as_pandas_dataframe().sort_values("match_weight", ascending=False, kind="stable")


def comparisons(filled, *, british):
    """Return a comparison for each field that both files fill."""
    postcode = cl.PostcodeComparison("postcode") if british else cl.DamerauLevenshteinAtThresholds("postcode", [1, 2])
    of_field = {
        "dob": cl.DateOfBirthComparison("dob", input_is_string=True),
        "middle": cl.ExactMatch("middle"),
        "sex": cl.ExactMatch("sex"),
        "postcode": postcode if british else postcode.configure(term_frequency_adjustments=True),
        "number": cl.ExactMatch("number").configure(term_frequency_adjustments=True),
        "street": cl.JaroWinklerAtThresholds("street").configure(term_frequency_adjustments=True),
        "town": cl.ExactMatch("town").configure(term_frequency_adjustments=True),
    }
    names = cl.ForenameSurnameComparison("given", "surname", forename_surname_concat_col_name="names")
    return [names, *(comparison for field, comparison in of_field.items() if field in filled)]


def blocking_rules(filled):
    """Return the examples' blocking rules, those with a field that is not filled left out."""
    rules = [
        ("substr(given,1,3)", "substr(surname,1,4)"),
        ("surname", "dob"),
        ("given", "dob"),
        ("postcode", "given"),
        ("postcode", "surname"),
        ("dob", "town"),
        ("substr(postcode,1,3)", "dob"),
        ("substr(postcode,1,3)", "given"),
        ("substr(postcode,1,3)", "surname"),
        ("substr(given,1,2)", "substr(surname,1,2)", "substr(dob,1,4)"),
        ("number", "street"),
    ]
    swapped = "l.given = r.surname and l.surname = r.given"
    return [*(block_on(*rule) for rule in rules if uses_only(rule, filled)), swapped]


def train(linker, filled):
    """Estimate the model as the example does: prior from deterministic rules, u from random pairs, m by two runs of EM."""
    certain = [
        ("given", "surname", "dob"),
        ("substr(given,1,2)", "surname", "substr(postcode,1,2)"),
        ("dob", "postcode"),
    ]
    linker.training.estimate_probability_two_random_records_match(
        [block_on(*rule) for rule in certain if uses_only(rule, filled)], recall=DETERMINISTIC_RECALL
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=U_PAIRS, seed=SEED)
    for rule in (("given", "surname"), ("dob",)):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule), estimate_without_term_frequencies=True)


def uses_only(rule, filled):
    """Return whether a rule's columns are all filled."""
    return all(part.removeprefix("substr(").partition(",")[0] in filled for part in rule)


def one_to_one(scored):
    """Return pairs of rows, the surest first and each row in one at most."""
    left, right, score = (scored[name].to_numpy() for name in ("unique_id_l", "unique_id_r", "match_weight"))
    taken_left, taken_right, kept = set(), set(), []
    for place, (one, other) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        if one not in taken_left and other not in taken_right:
            taken_left.add(one)
            taken_right.add(other)
            kept.append(place)
    return ScoredPairs(left[kept].astype(np.int64), right[kept].astype(np.int64), score[kept].astype(np.float64))


def figures(pairs, left, right):
    """Return the figures at a match weight of 0, where the model holds a match and none for equally likely, and F1 at best."""
    return {
        "peer": f"splink {version('splink')}",
        **measure(pairs, pairs.score >= 0, left, right),
        **best_f1(threshold_curve(pairs, left, right)),
    }


if __name__ == "__main__":
    sys.exit(main())
