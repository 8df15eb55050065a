"""Planted controls in a round: read once custodians have shown them, left out of everything that leaves, and counted."""
