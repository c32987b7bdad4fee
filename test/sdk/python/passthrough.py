"""Asks who is signed in, with headers that are read as HEADER=FILE: passthrough.py ENDPOINT CA HEADER=FILE..."""

import sys
from pathlib import Path

import flyte
from flyte.remote import User, auth_metadata

_, endpoint, ca, *headers = sys.argv
pairs = [header.split("=", 1) for header in headers]
flyte.init(endpoint=endpoint, ca_cert_file_path=ca, auth_type="Passthrough")
with auth_metadata(*[(name, f"Bearer {Path(file).read_text().strip()}") for name, file in pairs]):
    print("subject", User.get().subject())
