"""The service's HTTP API: who asks, what they may do, and one router for each noun. The rules themselves live elsewhere."""
