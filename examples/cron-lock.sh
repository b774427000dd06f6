#!/bin/sh
# A job of cron on every machine, of which one runs it:
#
#   0 3 * * *  root  /usr/local/bin/cron-lock.sh jobs/backup /usr/local/bin/backup.sh
#
# Ends with 0 where another machine runs the job, else as the job does.
lock=$1
shift
kvw lock "$lock" --try --conflict-exit-code 75 -q -- "$@"
status=$?
[ "$status" -eq 75 ] && exit 0
exit "$status"
