#!/bin/sh
# Puts a real Consul binary at FOLDER/consul and prints its path: what the suite runs on
# when KVW_TEST_CONSUL names it.
#
#   tests/real-consul.sh FOLDER
#
# A `consul` on PATH is taken as it is. Otherwise, on Debian and its relatives, Consul 1.8.7
# comes from the bullseye suite: newer suites no longer carry it. It is only unpacked.
set -eu

[ $# = 1 ] || { echo "usage: real-consul.sh FOLDER" >&2; exit 1; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
target=$folder/consul

if [ ! -x "$target" ]; then
    if on_path=$(command -v consul); then
        ln -sf "$on_path" "$target"
    else
        unpacked=$(mktemp -d)
        trap 'rm -rf "$unpacked"' EXIT
        "$(dirname "$0")/debian-packages.sh" "$unpacked" bullseye consul || {
            echo "real-consul.sh: put a consul binary on PATH" >&2
            exit 1
        }
        cp "$unpacked/usr/bin/consul" "$target.new"
        mv "$target.new" "$target"
    fi
fi
echo "$target"
