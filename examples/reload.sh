#!/bin/sh
# A handler for `kvw watch config/ --exec examples/reload.sh`.
#
# What changed comes as one JSON document on stdin and in short in KVW_* variables. Exit 0 means
# handled; anything else, and these changes are part of the next batch again.
set -eu
echo "reload: $KVW_COUNT changed ($KVW_REASON)"
printf '%s\n' "$KVW_KEYS" | sed 's/^/  /'
