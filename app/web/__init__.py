"""The screens: one module per noun, its forms beside its routes."""

from flask import Blueprint

from app.web import public, usecases

BLUEPRINTS: tuple[Blueprint, ...] = (public.bp, usecases.bp)
