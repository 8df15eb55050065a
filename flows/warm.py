"""Compile every kernel once and leave it in the cache, so that no later process does. Run by `make setup`."""

import time


def warm() -> None:
    """Encode, diffuse and search a handful of invented people."""
    from flows.bench.people import sides
    from linkage.engines.threads import ThreadsEngine

    both = sides(8, 16, among=16, seed=0)
    for left, right in (both.plain, both.diffused):
        ThreadsEngine(threads=1).candidate_pairs(left, right, cut=0.5)


def main() -> None:
    """Compile, and say how long it took."""
    began = time.monotonic()
    warm()
    print(f"kernels: compiled and kept, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
