#!/bin/sh
# A handler that writes a file from all keys of a prefix, and reloads a service if the file differs:
#
#   kvw watch config/web/ --stdin consul -- examples/handlers/render.sh /etc/nginx/conf.d/web.conf nginx -s reload
#
# With --stdin consul the whole prefix is on stdin, so that the handler needs no token of its own. It is run
# again with the next change, or by --on-fail retry, until it exits with 0: each step may be repeated.
set -eu
file=$1
shift
new=$(mktemp "$file.XXXXXX")
trap 'rm -f "$new"' EXIT
# The part below the prefix is the name; null is what a prefix without keys is.
jq -r '.[]? | "set $\(.Key | split("/") | last) \(.Value // "" | @base64d);"' >"$new"
if cmp -s "$new" "$file"; then
    echo "$file is as it should be"
    exit 0
fi
chmod 644 "$new"
mv "$new" "$file"
trap - EXIT
echo "$file written"
exec "$@"
