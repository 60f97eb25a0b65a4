"""A small city in force, and people of several posts in it."""

import pytest
from fastapi import FastAPI

from app.adapters.keys import Keys
from app.dispatch.book import Book
from app.dispatch.codes import Post
from app.services.transaction import Sessions
from tests.people_stored import Person, signed_in
from tests.small_city import UNIT_EAST, UNIT_WEST, store_small_city


@pytest.fixture
async def book(sessions: Sessions, application: FastAPI) -> Book:
    """Return the book of the small city, in force in the application."""
    await store_small_city(sessions)
    await application.state.wired.books.refresh()
    current: Book = application.state.wired.books.current
    return current


@pytest.fixture
async def supervisor(application: FastAPI, keys: Keys) -> Person:
    return await signed_in(application, keys, Post.SUPERVISOR)


@pytest.fixture
async def west(application: FastAPI, keys: Keys) -> Person:
    """Return somebody of the unit of the west."""
    return await signed_in(application, keys, Post.UNIT, unit=UNIT_WEST)


@pytest.fixture
async def east(application: FastAPI, keys: Keys) -> Person:
    return await signed_in(application, keys, Post.UNIT, unit=UNIT_EAST)


@pytest.fixture
async def inspector(application: FastAPI, keys: Keys) -> Person:
    return await signed_in(application, keys, Post.INSPECTOR)
