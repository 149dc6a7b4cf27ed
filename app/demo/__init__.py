"""The invented association that `make run` shows. Nothing in it is real."""
