"""The demo: a whole round on an invented population, every role as its own process with its own directory."""
