#!/usr/bin/env bash
# Runs everything: the style check, the unit tests, and the end-to-end tests on the packed package. The last line has the
# counts; the exit code is 0 where nothing failed and nothing was skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0
passed=0 failed=0 skipped=0
results=artifacts/test-results

title() { printf '\n== %s\n' "$*"; }
finish() {
  title "Result"
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" = 0 ] && [ "$skipped" = 0 ] && [ "$passed" != 0 ]
}
# A step that is no test by itself: it counts only where it fails.
step() {
  title "$1"
  shift
  "$@" < /dev/null || { echo "Failed: $*" >&2; return 1; }
}
# A number from the tag of the assembly in xunit's results, which are one long line.
count() { grep -o '<assembly [^>]*>' "$1" | head -1 | grep -o " $2=\"[0-9]*\"" | tr -dc '0-9'; }
run() {
  title "$1"
  local xml=$results/$1.xml
  rm -f "$xml"
  dotnet "artifacts/bin/$1/release/$1.dll" -noColor -xml "$xml" < /dev/null || true
  if [ ! -s "$xml" ]; then
    echo "$1 ended without results." >&2
    failed=$((failed + 1))
    return
  fi
  passed=$((passed + $(count "$xml" passed)))
  failed=$((failed + $(count "$xml" failed) + $(count "$xml" errors)))
  skipped=$((skipped + $(count "$xml" skipped) + $(count "$xml" not-run)))
}

mkdir -p "$results"
if step "Tools" eng/setup.sh test && step "Build" dotnet build BinarySize.Build.sln -c Release --nologo -v quiet; then
  if step "Style" dotnet format BinarySize.Build.sln --verify-no-changes --no-restore; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  run BinarySize.Tests
  run BinarySize.EndToEnd
else
  failed=1
fi
finish
