"""The way of an update up to its handler: durable, in order, tried, told."""
