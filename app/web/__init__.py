"""The screens: one module per noun, its forms beside its routes."""

from flask import Blueprint

from app.web import (
    auth,
    cases,
    circles,
    companies,
    demo,
    feedback,
    introductions,
    listings,
    mail_choices,
    meetings,
    members,
    onboarding,
    public,
    quality,
    radar,
    rounds,
    search,
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
    cases.bp,
    meetings.bp,
    feedback.bp,
    listings.bp,
    search.bp,
    topics.bp,
    onboarding.bp,
    mail_choices.bp,
    rounds.bp,
    circles.bp,
    quality.bp,
    radar.bp,
    demo.bp,
)
