"""What the product does: queries and commands, functions, no Flask."""
