#!/usr/bin/env bash
# Packs the package into a local feed, publishes the two samples through a plain PackageReference, shows their reports,
# and then one build that fails its budget.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1
eng/setup.sh demo

title() { printf '\n== %s\n' "$*"; }

title "Packing BinarySize.Build into artifacts/package/release"
version=$(eng/pack.sh)
echo "BinarySize.Build $version"
feed=$PWD/artifacts/package/release
run() { dotnet "$@" -p:BinarySizeVersion="$version" -p:RestoreAdditionalProjectSources="$feed" --nologo -v minimal; }
rm -rf artifacts/demo

title "samples/HelloAot: NativeAOT, net9.0"
run publish samples/HelloAot -c Release -o artifacts/demo/hello/publish
artifacts/demo/hello/publish/HelloAot
title "samples/TrimmedApi: minimal web API, net10.0, trimmed, self-contained"
run publish samples/TrimmedApi -c Release -o artifacts/demo/api/publish
title "Reports"
find artifacts/demo -name 'report.*'

title "The same sample with a budget that is too small: the build must fail"
if run publish samples/HelloAot -c Release -o artifacts/demo/hello/publish -p:BinarySizeBudget='1 MiB' > artifacts/demo/failed.log 2>&1; then
  cat artifacts/demo/failed.log
  echo "It did not fail." >&2
  exit 1
fi
grep -m1 'BSZ2001' artifacts/demo/failed.log
echo "It failed, as it should."
