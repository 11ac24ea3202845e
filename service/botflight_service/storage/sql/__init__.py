"""The stores that speak SQL."""
