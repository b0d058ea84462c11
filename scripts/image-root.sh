#!/usr/bin/env bash
# image-root.sh FOLDER [NODE]: the root file system of the image, from what is installed here: node, iptables of both kinds, ip, the libraries
# that they name, and how names are resolved. No shell, no package manager.
set -euo pipefail
root=$1 node=${2:-/usr/local/bin/node}

put() { # file, and its place when that is another
  mkdir -p "$root$(dirname "${2:-$1}")"
  cp -L "$1" "$root${2:-$1}"
}

libraries() {
  ldd "$1" | grep -o '/[^ ]*' || true
}

mkdir -p "$root/etc" "$root/tmp" "$root/usr/local/bin"
chmod 1777 "$root/tmp"
put /etc/nsswitch.conf
put "$node" /usr/local/bin/node
extensions=$(dirname "$(find /usr/lib -name libxt_owner.so | head -n 1)")
for program in "$node" "$(command -v ip)" "$(command -v xtables-nft-multi)" "$(command -v xtables-legacy-multi)" "$extensions"/*.so; do
  for library in $(libraries "$program"); do put "$library"; done
done
for extension in "$extensions"/*.so; do put "$extension"; done
put "$(command -v ip)" /usr/sbin/ip
for kind in nft legacy; do
  put "$(command -v xtables-$kind-multi)" "/usr/sbin/xtables-$kind-multi"
  for family in iptables ip6tables; do
    for what in save restore; do ln -sf "xtables-$kind-multi" "$root/usr/sbin/$family-$kind-$what"; done
  done
done
