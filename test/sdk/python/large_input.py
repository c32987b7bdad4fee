"""Runs a task with a text of BYTES bytes, random or all alike: large_input.py CONFIG BYTES random|alike."""

import base64
import os
import sys

import flyte

# The tasks are in the working folder, where their author has them; this program is elsewhere.
sys.path.insert(0, os.getcwd())
from tasks import count  # noqa: E402

_, config, size, kind = sys.argv
length = int(size)
flyte.init_from_config(config)
text = "a" * length if kind == "alike" else base64.b64encode(os.urandom(length)).decode()[:length]
print("started", flyte.run(count, text=text).name)
