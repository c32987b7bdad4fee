"""Waits until a run has ended and says how: wait.py CONFIG RUN."""

import sys

import flyte
from flyte.remote import Run

_, config, name = sys.argv
flyte.init_from_config(config)
run = Run.get(name)
print("waiting", flush=True)
run.wait()
print("ended", run.phase.value)
