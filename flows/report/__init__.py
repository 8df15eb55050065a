"""The quality report: what two labelled files' linkage is like, as figures and as one page to look at."""
