"""Asks who is signed in, as flytekit calls through a proxy: flytekit_session.py ENDPOINT TOKEN_FILE COMMAND..."""

import sys
from pathlib import Path

from flytekit.clients.auth_helper import get_session
from flytekit.configuration import PlatformConfig

_, endpoint, token_file, *command = sys.argv
session = get_session(PlatformConfig(endpoint=endpoint, proxy_command=command))
headers = {"authorization": f"Bearer {Path(token_file).read_text().strip()}"} if token_file else {}
answer = session.post(f"https://{endpoint}/flyteidl2.auth.IdentityService/UserInfo", json={}, headers=headers)
print("subject", answer.json().get("subject"))
