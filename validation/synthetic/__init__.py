"""A synthetic population of England and Wales as custodians would extract it, with the truth kept apart.

Nobody in it exists. Drawn from one seed: the same seed gives the same bytes. Rates are in `rates`, facts in `tables/`.
"""

from validation.synthetic.population import Summary, write_population

__all__ = ["Summary", "write_population"]
