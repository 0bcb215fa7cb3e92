# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Debian packages that are taken apart and not installed: what guest/build-guest and testbed/build
# share. To be sourced by a script that has say() and die(); they need apt, and for unpack_kernel()
# xz or zstd.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/vgpuctl
packages=$cache/packages

check_needs() {
  missing=
  for package; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -q '^installed' ||
      missing="$missing $package"
  done
  [ -z "$missing" ] || die "missing packages, install them with: apt-get install$missing"
}

# The newest of the packages in the cache whose name matches the pattern, as "name=version".
cached() {
  find "$packages" -name "$1_*.deb" 2>/dev/null |
    sed 's|.*/\([^_]*\)_\([^_]*\)_[^_]*$|\1=\2|; s/%3a/:/' | sort -V | tail -n 1
}

# What apt would install, as "name=version"; without package lists what the cache has.
candidate() {
  version=$(apt-cache policy "$1" 2>/dev/null | sed -n '/(none)/d; s/^ *Candidate: //p')
  if [ -n "$version" ]; then echo "$1=$version"; else cached "$1"; fi
}

# linux-image-amd64 only names the package that holds the kernel.
kernels='linux-image-[0-9]*-amd64'
kernel_candidate() {
  name=$(apt-cache depends linux-image-amd64 2>/dev/null |
    sed -n 's/^ *Depends: \(linux-image-[0-9].*-amd64\)$/\1/p' | head -n 1)
  if [ -n "$name" ]; then candidate "$name"; else cached "$kernels"; fi
}

# Sets $kernel and $busybox. apt takes a second to answer; what it said stays true until its lists
# change.
resolve() {
  answer=$packages/.candidates
  if [ ! -f "$answer" ] ||
    [ -n "$(find /var/lib/apt/lists "$0" -maxdepth 0 -newer "$answer")" ]; then
    mkdir -p "$packages"
    kernel=$(kernel_candidate) busybox=$(candidate busybox-static)
    [ -n "$kernel" ] || die "apt does not know linux-image-amd64; run apt-get update"
    [ -n "$busybox" ] || die "apt does not know busybox-static; run apt-get update"
    echo "$kernel $busybox" >"$answer.$$"
    mv "$answer.$$" "$answer"
  fi
  read -r kernel busybox <"$answer"
}

# Where the .deb is in the cache; nothing when it is not there.
package_file() {
  find "$packages" -name "${1%%=*}_$(echo "${1#*=}" | sed 's/:/%3a/')_*.deb" 2>/dev/null
}

download() {
  say "downloading $1"
  incoming=$(mktemp -d "$packages/.new.XXXXXX")
  if (cd "$incoming" && apt-get -q download "$1" >log 2>&1); then
    mv "$incoming"/*.deb "$packages/"
  else
    sed 's/^/  /' "$incoming/log" >&2
  fi
  rm -r "$incoming"
}

# Brings the package into the cache; without network an older one that is there does. Prints which
# it became.
obtain() {
  [ -n "$(package_file "$1")" ] || download "$1"
  got=$1
  [ -n "$(package_file "$1")" ] || got=$(cached "$2")
  [ -n "$got" ] ||
    die "$1 cannot be downloaded; is there a network, and was apt-get update run?"
  echo "$got"
}

# The compressed kernel in a bzImage: Documentation/x86/boot.rst, setup_sects, payload_offset and
# payload_length. The payload ends with its unpacked size, which is not part of the stream.
field() { od -A n -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '; }
unpack_kernel() {
  start=$((($(field "$1" 497 1) + 1) * 512 + $(field "$1" 584 4)))
  length=$(($(field "$1" 588 4) - 4))
  payload() { tail -c +$((start + 1)) "$1" | head -c $length; }
  case $(payload "$1" | od -A n -t x1 -N 4 | tr -d ' ') in
    fd377a58) payload "$1" | xz -dc ;;
    28b52ffd) payload "$1" | zstd -dcq ;;
    1f8b*) payload "$1" | gzip -dc ;;
    *) die "$1: compressed in a way that is not known here" ;;
  esac
}
