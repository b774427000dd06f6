#!/bin/sh
# Puts a real Consul binary at FOLDER/consul and prints its path: what the suite runs on
# when KVW_TEST_CONSUL names it.
#
#   tests/real-consul.sh FOLDER
#
# A `consul` on PATH is taken as it is. Otherwise, on Debian and its relatives, Consul 1.8.7
# comes from the bullseye suite, through the mirror that apt is already configured with.
# Newer suites no longer carry it. Nothing is installed: apt gets a private state, and the
# package is only unpacked. The archive's signature is checked with the installed keyring.
set -eu

say() { echo "real-consul.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

[ $# = 1 ] || fail "usage: real-consul.sh FOLDER"
mkdir -p "$1"
folder=$(cd "$1" && pwd)
target=$folder/consul

if [ -x "$target" ]; then
    echo "$target"
    exit 0
fi

if on_path=$(command -v consul); then
    ln -sf "$on_path" "$target"
    echo "$target"
    exit 0
fi

command -v apt-get >/dev/null || fail "no consul on PATH and no apt-get: put a consul binary on PATH"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || fail "$keyring is missing: install the package debian-archive-keyring"

# The main archive is the configured mirror that is neither the security one nor a vendor's.
mirror=$(apt-get indextargets --format '$(REPO_URI) $(LABEL)' "Created-By: Packages" |
    awk '$2 == "Debian" && $1 !~ /security/ { print $1; exit }')
[ -n "$mirror" ] || mirror=$(apt-get indextargets --format '$(REPO_URI)' |
    awk '/\/debian\/?$/ { print; exit }')
[ -n "$mirror" ] || fail "apt is configured with no Debian mirror: put a consul binary on PATH"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/state" "$work/parts"
echo "deb [signed-by=$keyring] $mirror bullseye main" >"$work/sources.list"
: >"$work/status"

quiet_apt() {
    (cd "$work" && apt-get -q=2 \
        -o Dir::Etc::SourceList="$work/sources.list" \
        -o Dir::Etc::SourceParts="$work/parts" \
        -o Dir::State="$work/state" \
        -o Dir::State::Lists="$work/lists" \
        -o Dir::State::Status="$work/status" \
        -o Dir::Cache="$work/cache" \
        -o Acquire::Languages=none \
        -o Acquire::Retries=3 \
        -o APT::Sandbox::User=root \
        "$@") >&2
}

say "fetching Consul 1.8.7 from Debian's bullseye suite"
quiet_apt update || fail "the package lists of bullseye could not be read from the configured mirror"
quiet_apt download consul || fail "the package consul could not be downloaded"
dpkg-deb -x "$work"/consul_*.deb "$work/root"
cp "$work/root/usr/bin/consul" "$target.new"
mv "$target.new" "$target"
echo "$target"
