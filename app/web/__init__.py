"""The screens: one module per noun, its forms beside its routes."""

from flask import Blueprint

BLUEPRINTS: tuple[Blueprint, ...] = ()
