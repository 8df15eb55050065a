"""What became of referrals, as noised counts: an authority's desk draws them, the statistics office adds them up. No row leaves."""
