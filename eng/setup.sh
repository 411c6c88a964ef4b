#!/usr/bin/env bash
# Finds what the build, the demo and the tests need, installs what is missing where it can (Debian and Ubuntu through apt,
# macOS through Homebrew), and otherwise names the one command to type. Run by demo.sh and test.sh.
#   eng/setup.sh demo   the .NET SDK, git, a C compiler with zlib headers (for NativeAOT)
#   eng/setup.sh test   the same, and the independent tools that tests compare with (eng/test-packages.txt)
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-demo}

say() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

if ! have dotnet || ! dotnet --version >/dev/null 2>&1; then
  say "The .NET SDK 10 is missing (global.json names the version). Install it from https://dotnet.microsoft.com/download/dotnet/10.0 and run this again."
  exit 1
fi

# Commands that prove a need is met, and the Debian package that meets it.
missing=()
need() { have "$1" || missing+=("$2"); }
has_header() { echo "#include <$1>" | cc -E -x c - >/dev/null 2>&1; }

need git git
if ! have clang && ! have gcc; then missing+=(clang); fi
have cc && has_header zlib.h || missing+=(zlib1g-dev)
upx=
if [ "$what" = test ]; then
  have upx || upx=1
  if have dpkg-query; then
    while read -r package; do
      [ -n "$package" ] || continue
      dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done < <(sed 's/#.*//; s/[[:space:]]//g' eng/test-packages.txt)
  fi
fi
[ ${#missing[@]} -gt 0 ] || [ -n "$upx" ] || exit 0

sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
if have apt-get && { [ -z "$sudo" ] || have sudo; }; then
  export DEBIAN_FRONTEND=noninteractive
  $sudo apt-get update -q >/dev/null || say "apt-get update failed; going on with the package lists that are there."
  if [ ${#missing[@]} -gt 0 ]; then
    say "Installing: ${missing[*]}"
    $sudo apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null ||
      { say "That failed. Type: ${sudo:+sudo }apt-get install ${missing[*]}"; exit 1; }
  fi
  if [ -n "$upx" ]; then
    say "Installing: upx-ucl"
    if ! $sudo apt-get install -y -q upx-ucl >/dev/null 2>&1; then
      # Debian 12 has it in backports only. A list of its own, so that nothing else comes from there.
      codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
      list=$(mktemp --suffix=.list)
      trap 'rm -f "$list"' EXIT
      echo "deb http://deb.debian.org/debian $codename-backports main" > "$list"
      only=(-o "Dir::Etc::sourcelist=$list" -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0)
      $sudo apt-get update -q "${only[@]}" >/dev/null && $sudo apt-get install -y -q "${only[@]}" upx-ucl >/dev/null ||
        { say "UPX could not be installed. Type: ${sudo:+sudo }apt-get install upx-ucl (on Debian 12 from bookworm-backports)"; exit 1; }
    fi
  fi
elif have brew; then
  say "Installing through Homebrew: git${upx:+ upx}"
  xcode-select -p >/dev/null 2>&1 || { say "The C toolchain is missing. Type: xcode-select --install"; exit 1; }
  have git || brew install git
  [ -z "$upx" ] || brew install upx
else
  say "Missing: ${missing[*]}${upx:+ upx}. Install them with this system's package manager and run this again."
  exit 1
fi
