# Sourced: a server of our own build for a script, in a folder that goes when the script ends.
# Sets `ground` (the folder); after `serve` also `url` and `server` (its process).

ground=$(mktemp -d)
data="$ground/data"
server=

leave() {
  # Not before it has ended: it may still write into the folder.
  [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; } || true
  rm -rf "$ground"
}
trap leave EXIT

here() { target/debug/ironfeet-server-here --data "$data" "$@"; }

serve() { # starts it on a free port and waits until it says which
  local said
  mkfifo "$ground/said"
  # Not through the function above: its shell would be the one that is ended.
  target/debug/ironfeet-server-here --data "$data" serve --listen 127.0.0.1:0 >"$ground/said" 2>"$ground/log" &
  server=$!
  read -r said <"$ground/said"
  url="http://${said##* }"
}

python_tools() { # FOLDER PACKAGE...: a Python of its own with these packages from the registry
  local tools=$1
  shift
  rm -rf "$tools"
  if ! python3 -m venv "$tools" 2>/dev/null; then
    install_packages python3 python3-venv
    rm -rf "$tools"
    python3 -m venv "$tools"
  fi
  "$tools/bin/pip" install --quiet "$@"
}
