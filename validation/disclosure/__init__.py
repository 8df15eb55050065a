"""What both the linkage service and an authority's desk release counts with: noise, and the privacy ledger that pays for it."""
