"""An organisation's own keys, and the round key it puts together from the key holders' shares."""
