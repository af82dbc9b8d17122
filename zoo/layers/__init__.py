"""Keras layers shared by networks, or worth a test of their own; every one is registered and serialisable."""
