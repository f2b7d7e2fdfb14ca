"""The FastAPI peer: the same routes, declared the usual way."""

from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field

app = FastAPI()

ANSWER = {"id": 42, "title": "The Left Hand of Darkness", "author": "Ursula K. Le Guin", "in_stock": True}


class NewBook(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str = Field(min_length=1, max_length=200)
    author: str = Field(min_length=1)
    year: int = Field(ge=1450, le=2100)
    price: float = Field(gt=0)
    tags: list[str] = Field(default_factory=list, max_length=10)


class Book(BaseModel):
    id: int
    title: str
    author: str
    in_stock: bool


@app.get("/direct")
async def direct():
    return ANSWER


@app.get("/books/{book_id}")
async def get_book(book_id: int):
    return ANSWER


class Store:
    pass


class Session:
    def __init__(self, store):
        self.store = store

    def end(self):
        pass


STORE = Store()


async def store():
    return STORE


async def session(store: Annotated[Store, Depends(store)]):
    session = Session(store)
    try:
        yield session
    finally:
        session.end()


async def link1():
    return 1


async def link2(previous: Annotated[int, Depends(link1)]):
    return previous + 1


async def link3(previous: Annotated[int, Depends(link2)]):
    return previous + 1


async def link4(previous: Annotated[int, Depends(link3)]):
    return previous + 1


async def link5(previous: Annotated[int, Depends(link4)]):
    return previous + 1


async def link6(previous: Annotated[int, Depends(link5)]):
    return previous + 1


async def link7(previous: Annotated[int, Depends(link6)]):
    return previous + 1


async def link8(previous: Annotated[int, Depends(link7)]):
    return previous + 1


async def link9(previous: Annotated[int, Depends(link8)]):
    return previous + 1


async def link10(previous: Annotated[int, Depends(link9)]):
    return previous + 1


@app.get("/deps-2/books/{book_id}")
async def get_book_with_session(
    book_id: int, session: Annotated[Session, Depends(session)], store: Annotated[Store, Depends(store)]
):
    if session.store is not store:
        raise HTTPException(500)
    return ANSWER


@app.get("/deps-10/books/{book_id}")
async def get_book_with_chain(book_id: int, last: Annotated[int, Depends(link10)]):
    if last != 10:
        raise HTTPException(500)
    return ANSWER


@app.post("/books")
async def create_book(book: NewBook):
    return ANSWER


@app.post("/typed/books")
async def create_typed_book(book: NewBook) -> Book:
    return Book(id=42, title=book.title, author=book.author, in_stock=True)
