"""The commands, a module each: `main(arguments)` runs one and gives its exit code."""
