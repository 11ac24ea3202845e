"""Ways to paint: each module has `paint(canvas)`, and those that can move have `loop(canvas, frames)`."""
