"""Somebody's tasks."""

import flyte

env = flyte.TaskEnvironment(name="greetings", image="python:3.12-slim")


@env.task
async def greet(name: str, times: int = 2) -> str:
    return " ".join([f"Hello {name}!"] * times)


@env.task
async def count(text: str) -> int:
    return len(text)
