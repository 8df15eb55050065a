"""Prefect flows, the `kinlink` command, and what puts both sides together: demo and evaluate. No logic of its own."""
