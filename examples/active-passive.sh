#!/bin/sh
# A service of which one machine is active and the others wait:
#
#   active-passive.sh service/web/leader 10.0.0.7:80 /usr/local/bin/web --active
#
# The key holds the address of the active one. When the service fails, another machine takes over at
# once, and this one campaigns again. Under systemd: Restart=on-failure, KillMode=mixed.
key=$1
address=$2
shift 2
exec kvw elect "$key" --value "$address" --on-exit campaign -- "$@"
