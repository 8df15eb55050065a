"""What must hold of data at each border, and of the platform against known truth.

Uses `schemas` alone; knows nothing of who runs it.
"""
