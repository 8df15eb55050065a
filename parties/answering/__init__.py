"""A responder's part of a round after its submission: what it keeps to answer with, and answering the two waves of requests."""
