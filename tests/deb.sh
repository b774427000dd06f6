#!/bin/sh
# Builds the Debian package of a binary, installs it in a root of its own, upgrades it over itself, and
# removes it again.
#
#   tests/deb.sh BINARY FOLDER
#
# The package is FOLDER/kvw.deb. What this system lacks (cargo-deb, dpkg, man pages, shells, systemd) is said, and
# what needs it is not tried.
set -eu

say() { echo "deb.sh: $*"; }
not_tried() { say "not tried: $*"; }
fail() { echo "deb.sh: $*" >&2; exit 1; }

[ $# = 2 ] || fail "usage: deb.sh BINARY FOLDER"
here=$(cd "$(dirname "$0")/.." && pwd)
binary=$(realpath "$1")
mkdir -p "$2"
folder=$(cd "$2" && pwd)
cd "$here"

command -v dpkg-deb >/dev/null || { not_tried "the Debian package: there is no dpkg"; exit 0; }
cargo deb --version >/dev/null 2>&1 || { not_tried "the Debian package: there is no cargo-deb"; exit 0; }

# The binary at hand, in the place where cargo deb looks for one that it has built.
rm -rf "$folder/target" "$folder/root" "$folder/kvw.deb"
mkdir -p "$folder/target/release"
cp "$binary" "$folder/target/release/kvw"
# As that of a release is already.
strip "$folder/target/release/kvw"
CARGO_TARGET_DIR="$folder/target" cargo deb --quiet --locked --no-build --fast --output "$folder/kvw.deb"
deb=$folder/kvw.deb

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
built=$(dpkg-deb --field "$deb" Version)
[ "$built" = "$version-1" ] || fail "the package is of version $built, and kvw of $version"
head -1 packaging/debian/changelog | grep -qF "kvw ($version-1)" ||
    fail "packaging/debian/changelog is not of version $version"

if command -v lintian >/dev/null; then
    # The maintainer has no address before there is a repository, nor is there a bug that asks for the package.
    lintian --fail-on error --suppress-tags bogus-mail-host-in-debian-changelog,bogus-mail-host,initial-upload-closes-no-bugs "$deb" ||
        fail "lintian found errors"
else
    not_tried "lintian: it is not installed"
fi

# dpkg gives files to root.
as_root=
if [ "$(id -u)" != 0 ]; then
    command -v fakeroot >/dev/null || { not_tried "installing the package: neither root nor fakeroot"; exit 0; }
    as_root="fakeroot --"
fi
root=$folder/root
mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates"
: >"$root/var/lib/dpkg/status"
# The root has nothing else, so no libraries and no shell: scripts run outside of it, and are told where it is.
dpkg_in_root() {
    $as_root dpkg --root="$root" --log="$folder/dpkg.log" --force-script-chrootless --force-depends --force-not-root "$@"
}
files() { (cd "$root" && find . -path ./var/lib/dpkg -prune -o ! -type d -print | sort); }

dpkg_in_root --install "$deb" >"$folder/install.log" 2>&1 || { cat "$folder/install.log" >&2; fail "it cannot be installed"; }
for file in usr/bin/kvw usr/share/man/man1/kvw.1.gz usr/share/man/man1/kvw-watch.1.gz \
    usr/share/man/man7/kvw-handlers.7.gz usr/share/bash-completion/completions/kvw \
    usr/share/zsh/vendor-completions/_kvw usr/share/fish/vendor_completions.d/kvw.fish \
    usr/lib/systemd/system/kvw-watch@.service usr/share/doc/kvw/copyright \
    usr/share/doc/kvw/changelog.Debian.gz usr/share/doc/kvw/README.md usr/share/doc/kvw/docs/json.md \
    usr/share/doc/kvw/docs/schema/entry.json usr/share/doc/kvw/examples/watch.env; do
    [ -s "$root/$file" ] || fail "the package lacks $file"
done
# Nothing is enabled, and nothing of the administrator's is written.
for folder_of_others in etc usr/local home run srv opt; do
    [ ! -e "$root/$folder_of_others" ] || fail "the package writes to $folder_of_others"
done
pages=$(find "$root/usr/share/man" -name '*.gz' | wc -l)
committed=$(find man -type f | wc -l)
[ "$pages" = "$committed" ] || fail "$pages pages in the package, and $committed in man/"

installed=$("$root/usr/bin/kvw" --version)
[ "$installed" = "kvw $version" ] || fail "the installed binary says '$installed'"

if command -v mandoc >/dev/null; then
    find "$root/usr/share/man" -name '*.gz' | while read -r page; do
        # mandoc takes a compressed page by its name alone.
        gunzip --stdout "$page" >"$folder/page"
        mandoc -Tlint -Wwarning "$folder/page" >&2 || fail "$page is no clean page"
    done
else
    not_tried "the pages in mandoc: it is not installed"
fi

bash -c '. "$1"; complete -p kvw >/dev/null' - "$root/usr/share/bash-completion/completions/kvw" ||
    fail "bash does not take its completion"
if command -v zsh >/dev/null; then
    zsh -f -c 'fpath=($1 $fpath); autoload -Uz compinit; compinit -D -u; [[ ${_comps[kvw]} = _kvw ]]' - \
        "$root/usr/share/zsh/vendor-completions" || fail "zsh does not take its completion"
else
    not_tried "the completion of zsh: it is not installed"
fi
if command -v fish >/dev/null; then
    HOME=$folder fish --no-config -c 'source $argv[1]; complete -C "kvw wat" | string match -q "watch*"' \
        "$root/usr/share/fish/vendor_completions.d/kvw.fish" || fail "fish does not take its completion"
else
    not_tried "the completion of fish: it is not installed"
fi

if command -v systemd-analyze >/dev/null; then
    # An instance whose program is the installed one, since this system has none.
    unit=$folder/kvw-watch@test.service
    sed "s|/usr/bin/kvw|$root/usr/bin/kvw|" "$root/usr/lib/systemd/system/kvw-watch@.service" >"$unit"
    # It also prints what it finds in units of this system.
    systemd-analyze verify --man=no "$unit" 2>"$folder/verify.log" || { cat "$folder/verify.log" >&2; fail "systemd refuses the unit"; }
    if grep -F "kvw-watch" "$folder/verify.log" >&2; then fail "systemd warns of the unit"; fi
else
    not_tried "the unit in systemd: it is not installed"
fi

before=$(files)
dpkg_in_root --install "$deb" >"$folder/upgrade.log" 2>&1 || { cat "$folder/upgrade.log" >&2; fail "it cannot be upgraded"; }
[ "$(files)" = "$before" ] || fail "an upgrade over itself changes the files"
# What instances have handled stays with a removal and goes with a purge.
mkdir -p "$root/var/lib/kvw/test"
: >"$root/var/lib/kvw/test/state"
dpkg_in_root --remove kvw >"$folder/remove.log" 2>&1 || { cat "$folder/remove.log" >&2; fail "it cannot be removed"; }
left=$(files)
[ "$left" = "./var/lib/kvw/test/state" ] || fail "a removal leaves $left"
dpkg_in_root --purge kvw >"$folder/purge.log" 2>&1 || { cat "$folder/purge.log" >&2; fail "it cannot be purged"; }
left=$(cd "$root" && find . -path ./var/lib/dpkg -prune -o -mindepth 1 -name '*kvw*' -print; files)
[ -z "$left" ] || fail "a purge leaves $left"
rm -rf "$folder/target" "$folder/root" "$folder/page"
say "$(basename "$deb") $built was built, installed, upgraded, removed and purged ($(stat -c %s "$deb") bytes)"
