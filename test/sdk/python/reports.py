"""Somebody's task, with triggers of its own."""

from datetime import datetime, timedelta, timezone

import flyte

env = flyte.TaskEnvironment(name="reports", image="python:3.12-slim")

# Due for the first time a few seconds after this is deployed.
started = datetime.now(timezone.utc) - timedelta(seconds=40)

nightly = flyte.Trigger(
    name="nightly",
    automation=flyte.Cron("30 2 * * 1-5", timezone="Europe/Berlin"),
    inputs={"at": flyte.TriggerTime, "team": "vision"},
)
soon = flyte.Trigger(
    name="soon",
    automation=flyte.FixedRate(1, start_time=started),
    inputs={"at": flyte.TriggerTime, "team": "vision"},
)


@env.task(triggers=(nightly, soon))
async def report(at: datetime, team: str) -> str:
    return f"{team} at {at}"
