"""Encode, submit, keep the receipt, and forget the rest."""
