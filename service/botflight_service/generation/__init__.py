"""What is sold, and how an attempt at it goes from confirmed to its end."""
