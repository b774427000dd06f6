#!/bin/sh
# Unpacks packages of a Debian suite into a folder. Nothing is installed: apt gets a private
# state, and the archive's signature is checked with the installed keyring. The mirror is the
# one that apt is already configured with.
#
#   tests/debian-packages.sh FOLDER SUITE PACKAGE...
set -eu

say() { echo "debian-packages.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

[ $# -ge 3 ] || fail "usage: debian-packages.sh FOLDER SUITE PACKAGE..."
mkdir -p "$1"
folder=$(cd "$1" && pwd)
suite=$2
shift 2

command -v apt-get >/dev/null || fail "there is no apt-get"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || fail "$keyring is missing: install the package debian-archive-keyring"

# The main archive is the configured mirror that is neither the security one nor a vendor's.
mirror=$(apt-get indextargets --format '$(REPO_URI) $(LABEL)' "Created-By: Packages" |
    awk '$2 == "Debian" && $1 !~ /security/ { print $1; exit }')
[ -n "$mirror" ] || mirror=$(apt-get indextargets --format '$(REPO_URI)' |
    awk '/\/debian\/?$/ { print; exit }')
[ -n "$mirror" ] || fail "apt is configured with no Debian mirror"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/state" "$work/parts"
echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/sources.list"
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

say "fetching from Debian's $suite suite: $*"
quiet_apt update || fail "the package lists of $suite could not be read from the configured mirror"
quiet_apt download "$@" || fail "these packages could not be downloaded: $*"
for package in "$work"/*.deb; do
    dpkg-deb -x "$package" "$folder"
done
