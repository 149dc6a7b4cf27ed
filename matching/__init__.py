"""The matching engine: files or arrays in, files or arrays out."""
