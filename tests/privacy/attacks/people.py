"""Invented people for attacks: adults with families, and the sample that is hardest to hide. Those of `kinlink bench attacks`."""

from flows.bench.attacks import SEED, SHIPPED, STRONGER, UNDIFFUSED, dense, key, rows, target, values

__all__ = ["SEED", "SHIPPED", "STRONGER", "UNDIFFUSED", "dense", "key", "rows", "target", "values"]
