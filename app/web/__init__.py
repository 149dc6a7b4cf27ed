"""The screens: one module per noun, its forms beside its routes."""

from flask import Blueprint

from app.web import feedback, introductions, public, suggestions, usecases

BLUEPRINTS: tuple[Blueprint, ...] = (
    public.bp,
    usecases.bp,
    suggestions.bp,
    introductions.bp,
    feedback.bp,
)
