"""The Pydantic side of Benchmarks/validation: python pydantic_worker.py book|catalogue DOCUMENT

Reads lines "validate COUNT" and answers each with the nanoseconds that COUNT calls took.
"""

import sys
import time

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class NewBook(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str = Field(min_length=1, max_length=200)
    author: str = Field(min_length=1)
    year: int = Field(ge=1450, le=2100)
    price: float = Field(gt=0)
    tags: list[str] = Field(default_factory=list, max_length=10)


class Author(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1)
    born: int | None = None


class Book(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: int = Field(ge=1)
    title: str = Field(min_length=1, max_length=200)
    authors: list[Author] = Field(min_length=1)
    year: int = Field(ge=1450, le=2100)
    price: float = Field(gt=0)
    in_stock: bool
    tags: list[str] = Field(default_factory=list, max_length=10)


adapter = {"book": TypeAdapter(NewBook), "catalogue": TypeAdapter(list[Book])}[sys.argv[1]]
with open(sys.argv[2], "rb") as file:
    document = file.read()
validate = adapter.validate_json
for line in sys.stdin:
    count = int(line.split()[1])
    start = time.perf_counter_ns()
    for _ in range(count):
        validate(document)
    print(time.perf_counter_ns() - start, flush=True)
