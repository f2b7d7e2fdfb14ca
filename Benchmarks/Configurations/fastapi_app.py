"""The FastAPI peer: the same routes, declared the usual way."""

from fastapi import FastAPI
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


@app.post("/books")
async def create_book(book: NewBook):
    return ANSWER


@app.post("/typed/books")
async def create_typed_book(book: NewBook) -> Book:
    return Book(id=42, title=book.title, author=book.author, in_stock=True)
