"""Makes COUNT secrets of a project and prints their names as they are listed: many_secrets.py CONFIG COUNT."""

import sys

import flyte
from flyte.remote import Secret

_, config, count = sys.argv
flyte.init_from_config(config)
for number in range(int(count)):
    Secret.create(f"many-{number:02}", "a value")
print(" ".join(secret.name for secret in Secret.listall()))
