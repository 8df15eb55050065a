"""Planted controls: invented families that every custodian derives from the round key and adds its share of to its submission."""
