#!/bin/sh
# Checks the program with the oldest Rust that it is said to build with (rust-version in
# Cargo.toml), which is without the live view: ratatui needs 1.88. Debian's bookworm has it, for its browsers; it is only unpacked, into FOLDER.
#
#   tests/oldest-rust.sh FOLDER
#
# Where the packages cannot be had, that is said, and nothing is checked.
set -eu

[ $# = 1 ] || { echo "usage: oldest-rust.sh FOLDER" >&2; exit 1; }
here=$(cd "$(dirname "$0")/.." && pwd)
oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$here/Cargo.toml")
mkdir -p "$1"
folder=$(cd "$1" && pwd)

if [ ! -x "$folder/usr/bin/rustc" ]; then
    "$here/tests/debian-packages.sh" "$folder" bookworm rustc-web cargo-web libstd-rust-web-dev \
        "libstd-rust-web-$oldest" libllvm19 libhttp-parser2.9 libpcre3 libssh2-1 || {
        echo "oldest-rust.sh: not tried: Rust $oldest cannot be had from the configured mirror"
        exit 0
    }
fi
libraries=$(find "$folder/lib" "$folder/usr/lib" -name '*.so*' -exec dirname {} + | sort -u | tr '\n' ':')
export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:-}"
export RUSTC="$folder/usr/bin/rustc"
"$RUSTC" --version
case $("$RUSTC" --version) in
"rustc $oldest."*) ;;
*) echo "oldest-rust.sh: this is not Rust $oldest" >&2; exit 1 ;;
esac
cd "$here"
"$folder/usr/bin/cargo" check --locked --no-default-features --target-dir "$folder/target"
