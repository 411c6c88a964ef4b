#!/usr/bin/env bash
# Builds tests/apps/jsoncli in all the ways of `binarysize compare`, checks and starts each, and writes the table of
# README.md between its markers. What an earlier run measured, and nothing has changed since, is taken over.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0
# The app targets net9.0; the variant that brings no runtime takes a newer one where there is no other.
export DOTNET_ROLL_FORWARD=Major
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet build src/BinarySize.Cli -c Release -f net10.0 -v quiet > "$work/log" 2>&1 < /dev/null || { cat "$work/log" >&2; exit 1; }
# One build at a time, or their times say nothing.
dotnet artifacts/bin/BinarySize.Cli/release_net10.0/BinarySize.Cli.dll compare tests/apps/jsoncli --max-cpu 1 --no-brotli \
  --verify "../verify/smoke.sh jsoncli {artifact}" --run "{artifact} sum order.json" --format md > "$work/compare.md"
# What is left without the change against an app that needs .NET installed, the main file alone and the long reasons is no
# wider than a page.
grep '^|' "$work/compare.md" | cut -d '|' -f 1-3,6- | sed -E 's/\*\*(unavailable)\*\* .* \|$/\1 |/' > "$work/table.md"
eng/insert.sh README.md compare "$work/table.md"
