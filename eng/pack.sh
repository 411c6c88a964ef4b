#!/usr/bin/env bash
# Packs the NuGet package into artifacts/package/release and makes that folder usable as a feed.
#   eng/pack.sh [VERSION]    default: a version that no cache has seen yet
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:-0.1.0-local.$(date +%s)}
rm -f artifacts/package/release/BinarySize.Build.*.nupkg
dotnet pack src/BinarySize.Build -c Release --nologo -v quiet -p:Version="$version" >&2
echo "$version"
