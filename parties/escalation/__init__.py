"""Urgent calls about a child who may be without care: who answers now, the sealed record, and what to do while nobody has acknowledged."""
