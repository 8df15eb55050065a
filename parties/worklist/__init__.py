"""The desk in a browser: a local page on which an authority's people work their referrals. It does what the commands do, by the same functions."""
