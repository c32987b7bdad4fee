"""Somebody's tasks."""

import flyte
from flyte.io import File

env = flyte.TaskEnvironment(name="greetings", image="python:3.12-slim")


@env.task
async def greet(name: str, times: int = 2) -> str:
    return " ".join([f"Hello {name}!"] * times)


@env.task
async def count(text: str) -> int:
    return len(text)


@env.task
async def weigh(file: File) -> int:
    async with file.open("rb") as stream:
        return len(await stream.read())
