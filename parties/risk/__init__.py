"""Attacks on what a party sends, by the party itself: how much of it can be told without a key. Pure."""
