#!/bin/sh
# The main job in five seconds, without Consul:
#
#   kvw dev --load examples/config.json -- examples/demo.sh
#
# One watch with a handler; beside it somebody changes keys, twice in one burst, then in a transaction.
set -eu
here=$(dirname "$0")
(
    sleep 1
    kvw put -q config/web/port 8081
    kvw put -q config/web/port 8082
    sleep 1
    kvw txn -q 'set config/db/host db2.internal' 'delete config/db/pool' >/dev/null
) &
exec kvw watch config/ --count 3 --for 30s --exec "$here/reload.sh"
