"""Who may use a route. Every view declares it; an undeclared one fails a test."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from uuid import UUID

from flask import abort, current_app, redirect, request, url_for
from flask_login import current_user

from app.errors import NotFound
from app.models import Person, RoleName

View = TypeVar("View", bound=Callable[..., Any])


def person() -> Person:
    """The signed-in person; only inside views that are not public."""
    return cast(Person, current_user._get_current_object())


def company_id() -> UUID:
    """The company the signed-in person sits in."""
    found = person().company_id
    if found is None:
        raise NotFound
    return found


def public(view: View) -> View:
    """Everybody."""
    return _declare(view, "public")


def signed_in(view: View) -> View:
    """Any account, also one without a company or whose company waits for approval."""
    return _guard(view, "signed_in", lambda one: True)


def member(view: View) -> View:
    """A person who sits in an approved company."""
    return _guard(
        view,
        "member",
        lambda one: one.sits and one.company is not None and one.company.is_active,
        otherwise="public.waiting",
    )


def organizer(view: View) -> View:
    return _second_factor(_guard(view, "organizer", lambda one: one.is_organizer))


def admin(view: View) -> View:
    return _second_factor(_guard(view, "admin", lambda one: one.has(RoleName.ADMIN)))


def demo(view: View) -> View:
    """Everybody, but only in demo mode."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not current_app.config["DEMO"]:
            raise NotFound
        return view(*args, **kwargs)

    return _declare(cast(View, guarded), "demo")


def _declare(view: View, access: str) -> View:
    view.access = access  # type: ignore[attr-defined]
    return view


def _second_factor(view: View) -> View:
    """Who became an organizer while signed in sets up the second factor first."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if current_user.is_authenticated:
            one = person()
            if one.check_tf_required_setup() and not one.tf_primary_method:
                return redirect(url_for("security.two_factor_setup"))
        return view(*args, **kwargs)

    return cast(View, guarded)


def _guard(
    view: View,
    access: str,
    allowed: Callable[[Person], bool],
    otherwise: str | None = None,
) -> View:
    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not current_user.is_authenticated:
            if request.headers.get("HX-Request"):
                abort(401)
            next_page = request.full_path if request.method == "GET" else None
            return redirect(url_for("security.login", next=next_page))
        if not allowed(person()):
            if otherwise and request.method == "GET":
                return redirect(url_for(otherwise))
            raise NotFound
        return view(*args, **kwargs)

    return _declare(cast(View, guarded), access)
