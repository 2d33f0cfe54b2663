# Sourced by the scripts beside this folder, which set ROOT to the checkout first. Installs and builds what is
# missing or out of date. Everything here prints to stderr, and the caller's working directory stays.

say() { printf 'dayboard: %s\n' "$*" >&2; }

die() {
  say "$*"
  exit 2
}

# What was installed is known by a stamp inside node_modules, so it goes away with it.
install_is_stale() {
  [ ! -e "$ROOT/node_modules/.dayboard-installed" ] ||
    [ "$ROOT/package-lock.json" -nt "$ROOT/node_modules/.dayboard-installed" ]
}

# Directories count too: their time changes when a file in them is removed.
build_is_stale() {
  [ ! -e "$ROOT/dist/.built" ] ||
    [ -n "$(cd "$ROOT" && find src scripts/build.mjs package.json package-lock.json tsconfig.json \
      -newer dist/.built -print)" ]
}

install_if_stale() {
  install_is_stale || return 0
  command -v npm >/dev/null || die 'npm is missing; install Node 20 or newer, which brings it.'
  command -v node >/dev/null || die 'Node is missing; install Node 20 or newer.'
  # npm or another checkout may have touched the lock file without changing what it asks for.
  if ! node "$ROOT/scripts/lib/installed.mjs" "$ROOT"; then
    say 'installing packages; this takes a minute the first time'
    # Not `npm ci`: where a registry lacks the binaries of some other platform, it refuses the lock file that npm
    # itself wrote. --no-save leaves the lock file as it is and installs the same versions.
    (cd "$ROOT" && npm install --no-save --include=dev --include=optional --no-audit --no-fund --loglevel=error) >&2 ||
      die 'npm install failed; its messages are above. Nothing was started.'
  fi
  : >"$ROOT/node_modules/.dayboard-installed"
}

build_if_stale() {
  build_is_stale || return 0
  say 'building'
  node "$ROOT/scripts/build.mjs" >&2 || die 'the build failed; its messages are above. Nothing was started.'
}

# Runs a command while no other dayboard script installs or builds in this checkout.
locked() {
  mkdir -p "$ROOT/.dayboard"
  local lock="$ROOT/.dayboard/setup.lock"
  if command -v flock >/dev/null; then
    (
      flock -n 9 || { say 'waiting for another install or build here'; flock 9; }
      "$@"
    ) 9>"$lock"
  else
    locked_by_directory "$lock.d" "$@"
  fi
}

# macOS has no flock: a directory with its owner's pid, taken over when the owner is gone.
locked_by_directory() (
  lock="$1"
  shift
  until mkdir "$lock" 2>/dev/null; do
    owner="$(cat "$lock/pid" 2>/dev/null)"
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then rm -rf "$lock"; else sleep 0.2; fi
  done
  trap 'rm -rf "$lock"' EXIT
  trap 'exit 130' INT TERM HUP
  sh -c 'echo $PPID' >"$lock/pid"
  "$@"
)

install_and_build() {
  install_if_stale
  build_if_stale
}

ensure_installed() { if install_is_stale; then locked install_if_stale || exit; fi; }

ensure_built() { if install_is_stale || build_is_stale; then locked install_and_build || exit; fi; }

# Sets NODE to a Node that dayboard runs on: the system's if it is new enough, else the one that npm brought.
find_node() {
  case "$(node --version 2>/dev/null)" in
    v2[4-9].* | v[3-9][0-9].*) NODE=node && return ;;
  esac
  for NODE in "$ROOT"/node_modules/node-*/bin/node; do
    "$NODE" --version >/dev/null 2>&1 && return
  done
  die 'no Node 24 or newer was found, and npm brought none for this platform; install Node 24.'
}
