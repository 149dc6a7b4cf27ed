"""The screens: one module per noun, its forms beside its routes."""

from flask import Blueprint

from app.web import (
    auth,
    companies,
    demo,
    feedback,
    introductions,
    listings,
    mail_choices,
    members,
    public,
    quality,
    radar,
    suggestions,
    topics,
    usecases,
)

BLUEPRINTS: tuple[Blueprint, ...] = (
    public.bp,
    usecases.bp,
    auth.bp,
    members.bp,
    companies.bp,
    suggestions.bp,
    introductions.bp,
    feedback.bp,
    listings.bp,
    topics.bp,
    mail_choices.bp,
    quality.bp,
    radar.bp,
    demo.bp,
)
