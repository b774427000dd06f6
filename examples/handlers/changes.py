#!/usr/bin/env python3
"""A handler that reads its batch: kvw watch config/ -- examples/handlers/changes.py

Nothing but the standard library. An exception is a traceback on stderr and exit 1: the changes of this
run are then part of the next one.
"""

import base64
import json
import sys


def value(entry):
    """The bytes of an entry; None where it does not exist, or its value is not known."""
    if entry is None or entry["value"] is None:
        return None
    if entry["encoding"] == "base64":
        return base64.b64decode(entry["value"])
    return entry["value"].encode()


batch = json.load(sys.stdin)
for change in batch["changes"]:
    before, after = value(change["before"]), value(change["after"])
    print(f"{batch['reason']}: {change['event']} {change['key']}: {before} -> {after}")
