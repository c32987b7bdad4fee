"""Asks who is signed in, pauses for SECONDS, and asks again: whoami_twice.py CONFIG SECONDS."""

import sys
import time

import flyte
from flyte.remote import User

_, config, seconds = sys.argv
flyte.init_from_config(config)
print("before", User.get().subject())
time.sleep(float(seconds))
print("after", User.get().subject())
