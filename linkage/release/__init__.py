"""Which findings become referral tokens, and minting them exactly once."""
