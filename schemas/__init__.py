"""What two organisations must agree on byte for byte. Pure: no I/O, no clock, no environment, no global randomness."""
