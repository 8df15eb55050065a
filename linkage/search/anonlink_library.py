"""`anonlink`, loaded where it is first used, and without the warnings of its import. Pure."""

import warnings
from typing import Any


def load_anonlink() -> Any:  # the library has no types
    """Return the package `anonlink`."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)
        warnings.filterwarnings("ignore", message="mypy_extensions.TypedDict is deprecated", category=DeprecationWarning)
        import anonlink
        import anonlink.solving
    return anonlink
