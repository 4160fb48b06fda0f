# What a bare Debian-like machine needs before anything can be built. Sourced by the scripts beside it.

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

install_packages() { # PACKAGE...: by apt, when we may
  if ! command -v apt-get >/dev/null; then
    echo "missing: $*; this is no Debian-like machine, please install them yourself"
    return 1
  fi
  if [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
    echo "missing: $*; please run: sudo apt-get install $*"
    return 1
  fi
  echo "installing with apt-get: $*"
  as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
}

need_tools() {
  local missing=()
  command -v cc >/dev/null && command -v make >/dev/null || missing+=(build-essential)
  command -v pkg-config >/dev/null || missing+=(pkg-config)
  # Its venv holds schemathesis.
  { command -v python3 >/dev/null && python3 -c "import venv, ensurepip" 2>/dev/null; } || missing+=(python3-venv)
  # SQLCipher uses the system's libcrypto.
  { command -v pkg-config >/dev/null && pkg-config --exists libcrypto; } || missing+=(libssl-dev)
  command -v curl >/dev/null || missing+=(curl ca-certificates)
  if [ "${#missing[@]}" -gt 0 ]; then install_packages "${missing[@]}"; fi
}

older() { # VERSION VERSION: whether the first is older than the second
  [ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

need_rust() {
  local least has
  least=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  # A toolchain of rustup is seldom older than the one of a distribution.
  [ ! -x "$HOME/.cargo/bin/cargo" ] || command -v cargo >/dev/null || export PATH="$HOME/.cargo/bin:$PATH"
  has=$(cargo --version 2>/dev/null | cut -d ' ' -f 2) || true
  if [ -n "$has" ] && older "$has" "$least" && [ -x "$HOME/.cargo/bin/cargo" ]; then
    export PATH="$HOME/.cargo/bin:$PATH"
    has=$(cargo --version 2>/dev/null | cut -d ' ' -f 2) || true
  fi
  if command -v cargo >/dev/null && { [ -z "$has" ] || ! older "$has" "$least"; }; then return 0; fi
  echo "Rust $least or newer is missing${has:+ (cargo here is $has)}: installing the stable toolchain into $HOME/.cargo with rustup (https://rustup.rs)"
  if ! curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
    sh -s -- -y --profile minimal --component rustfmt --component clippy; then
    echo "rustup could not be fetched; please install Rust $least or newer (https://rustup.rs) and start again"
    return 1
  fi
  export PATH="$HOME/.cargo/bin:$PATH"
}

need_lints() {
  cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt || return 1
  cargo clippy --version >/dev/null 2>&1 || rustup component add clippy || return 1
}
