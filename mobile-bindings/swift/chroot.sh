#!/usr/bin/env bash
# Sets up, once, a small Debian trixie with Swift in a cache folder, and runs commands inside it.
#
#   chroot.sh setup               make it ready (idempotent; goes on where an earlier try stopped)
#   chroot.sh run REPO NATIVE COMMAND…
#                                 run COMMAND in it; the folders REPO and NATIVE are seen as /repo and /native
#
# The folder is $IRONFEET_SWIFT_CACHE, by default ${XDG_CACHE_HOME:-$HOME/.cache}/ironfeet-swift.
# The package mirror is the one this machine's apt uses: none is named here. Needs root (or sudo that asks for no
# password) and debootstrap.
set -euo pipefail

cache=${IRONFEET_SWIFT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ironfeet-swift}
root=$cache/trixie

stop() {
    echo "swift: $1" >&2
    exit 1
}

become_root() { # ARGUMENT…: this script once more as root, where nobody has to be asked
    [ "$(id -u)" != 0 ] || return 0
    sudo -n true 2>/dev/null ||
        stop "a chroot needs root. Run this as root, or install Swift 6 so that no chroot is needed"
    exec sudo -n IRONFEET_SWIFT_CACHE="$cache" TERM="${TERM:-dumb}" "$0" "$@"
}

need_mount() {
    unshare --mount true 2>/dev/null || stop "this machine lets nobody mount; install Swift 6 so that no chroot is needed"
}

mirror() {
    # Where this machine gets Debian's own packages from.
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' 2>/dev/null | sort -u | sed -n 1p
}

# Runs a command inside; its mounts live in a mount namespace of their own and end with it.
enter() {
    unshare --mount --propagation private bash -eu -c '
        root=$1; shift
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        for folder in repo native; do
            from=IRONFEET_$folder
            [ -n "${!from:-}" ] || continue
            mkdir -p "$root/$folder"
            mount --bind "${!from}" "$root/$folder"
        done
        exec chroot "$root" /usr/bin/env -i HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 \
            PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin DEBIAN_FRONTEND=noninteractive "$@"
    ' enter "$root" "$@"
}

bootstrap() {
    local from
    command -v apt-get >/dev/null || stop "no apt on this machine; install Swift 6 so that no chroot is needed"
    from=$(mirror)
    if [ -z "$from" ] || ! command -v debootstrap >/dev/null; then
        apt-get update -q >"$cache/apt.log" 2>&1 || stop "apt-get update failed, see $cache/apt.log"
        from=$(mirror)
    fi
    [ -n "$from" ] || stop "apt on this machine names no mirror of Debian; install Swift 6 so that no chroot is needed"
    command -v debootstrap >/dev/null ||
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y debootstrap >>"$cache/apt.log" 2>&1 </dev/null ||
        stop "apt could not install debootstrap, see $cache/apt.log"
    rm -rf --one-file-system "$root"
    echo "swift: setting up Debian trixie in $root (once)" >&2
    debootstrap --variant=minbase --include=ca-certificates trixie "$root" "$from" >"$cache/debootstrap.log" 2>&1 ||
        stop "debootstrap failed, see $cache/debootstrap.log"
    touch "$cache/bootstrapped"
}

install_swift() {
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    cp -L /etc/hosts "$root/etc/hosts"
    # The way out, where this machine's apt has a special one.
    apt-config dump | grep -i '^Acquire::https\?::Proxy' >"$root/etc/apt/apt.conf.d/99host" || true
    echo "swift: installing swiftlang (about 1 GB, once)" >&2
    {
        enter apt-get update -q
        enter dpkg --configure -a
        enter apt-get install -q -y --no-install-recommends swiftlang libc6-dev libstdc++-14-dev libssl3t64 ca-certificates
        enter apt-get clean
    } >"$cache/install.log" 2>&1 || stop "installing Swift failed, see $cache/install.log"
    touch "$cache/ready"
}

setup() {
    need_mount
    mkdir -p "$cache"
    exec 9>"$cache/lock"
    flock 9
    [ -e "$cache/bootstrapped" ] || bootstrap
    [ -e "$cache/ready" ] || install_swift
    exec 9>&-
}

case ${1:-} in
setup)
    become_root "$@"
    setup
    ;;
run)
    become_root "$@"
    setup
    IRONFEET_repo=$(realpath "$2")
    IRONFEET_native=$(realpath "$3")
    export IRONFEET_repo IRONFEET_native
    shift 3
    code=0
    enter "$@" || code=$?
    # What root made in the repository is its owner's.
    built=$IRONFEET_repo/mobile-bindings/swift/.build
    if [ -n "${SUDO_UID:-}" ] && [ -d "$built" ]; then chown -R "$SUDO_UID:$SUDO_GID" "$built"; fi
    exit "$code"
    ;;
*)
    sed -n '2,10p' "$0"
    exit 2
    ;;
esac
