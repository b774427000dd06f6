#!/bin/sh
# The entry point of a container: its command runs with the keys below $APP_PREFIX as its environment.
#
#   ENTRYPOINT ["/entrypoint.sh"]
#   CMD ["./server"]
#
# kvw is process 1: it reaps orphans, passes signals on, and stops the command within 8 seconds of a TERM,
# less than the 10 seconds of container engines. The last answer is kept on a volume, so that a restart
# of the container does not depend on Consul. Without APP_STATE nothing is kept.
set -eu
set -- -- "$@"
if [ -n "${APP_STATE-}" ]; then
	set -- --fallback "$APP_STATE/app.answer" "$@"
fi
exec kvw run "${APP_PREFIX:?is the prefix of the keys, such as config/web/}" "$@"
