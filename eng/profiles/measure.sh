#!/usr/bin/env bash
# Measures what profiles and their settings save on the four apps of tests/apps (net9.0, linux-x64), and writes the tables
# of docs/profiles.md and README.md between their markers.
#   eng/profiles/measure.sh settings   each setting alone, against the app without it
#   eng/profiles/measure.sh profiles   each profile against plain PublishAot; the binary, packed too where the profile packs
#   eng/profiles/measure.sh peers      plain PublishAot packed as the package PublishAotCompressed calls UPX: minutes an app
#   eng/profiles/measure.sh tables     nothing; writes the tables of what is measured, with a – where something is not
# What is measured already (artifacts/profiles/*.tsv) is not measured again; delete it to start afresh.
# PUBLISH_LOCK names a file that is locked during each publish, where several of them share a machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0
what=${1:-profiles}
apps=(hello jsoncli webapi sqlcli)
out=$PWD/artifacts/profiles
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ "$what" != tables ]; then
  version=$(eng/pack.sh)
  # A feed of its own: the repository's is emptied by whoever packs next.
  feed=$work/feed
  mkdir "$feed"
  cp artifacts/package/release/BinarySize.Build.*.nupkg "$feed/"
fi

# The app in a folder of its own, with the package.
make() { # folder, app
  mkdir -p "$work/$1"
  cp tests/apps/Directory.* "tests/apps/$2"/* global.json "$work/$1/"
  cat > "$work/$1/Directory.Build.targets" <<EOF
<Project>
  <PropertyGroup><RestoreAdditionalProjectSources>$feed</RestoreAdditionalProjectSources></PropertyGroup>
  <ItemGroup><PackageReference Include="BinarySize.Build" Version="$version" PrivateAssets="all" /></ItemGroup>
</Project>
EOF
}
publish() { # folder, app, arguments
  local folder=$1 app=$2
  shift 2
  rm -rf "$work/$folder/publish"
  local command=(dotnet publish "$work/$folder/$app.csproj" -c Release -r linux-x64 -o "$work/$folder/publish" -p:BinarySizeAttribution=false -v quiet "$@")
  if [ -n "${PUBLISH_LOCK:-}" ]; then flock -o "$PUBLISH_LOCK" "${command[@]}"; else "${command[@]}"; fi > "$work/log" 2>&1 < /dev/null || { cat "$work/log" >&2; return 1; }
}
size() { stat -c %s "$1"; }
shipped() { find "$1" -type f ! -name '*.dbg' ! -name '*.pdb' -printf '%s\n' | awk '{ s += $1 } END { print s }'; }
known() { [ -f "$1" ] && grep -qP "^$2\t$3\t" "$1"; }
value() { [ ! -f "$1" ] || awk -F '\t' -v a="$2" -v b="$3" '$1 == a && $2 == b { print $3 }' "$1"; }
grouped() { sed -e ':a' -e 's/\([0-9]\)\([0-9]\{3\}\)\($\|,\)/\1,\2\3/' -e 'ta' <<< "$1"; }

insert() { eng/insert.sh "$@"; } # document, name, lines

# Settings that change the bytes of a binary, one line each: name, value, kind of publish, apps.
settings() {
  cat <<'EOF'
BinarySizeHashStyle gnu aot all
BinarySizeSeparateCode false aot all
IlcFoldIdenticalMethodBodies true aot all
OptimizationPreference Size aot all
ServerGarbageCollection false aot webapi
InvariantGlobalization true aot all
UseSystemResourceKeys true aot all
EventSourceSupport false aot webapi
MetricsSupport false aot all
HttpActivityPropagationSupport false aot all
Http3Support false aot all
XmlResolverIsNetworkingEnabledByDefault false aot all
_AggressiveAttributeTrimming true aot all
BinarySizeInlineTls false aot all
StackTraceSupport false aot all
DebuggerSupport false single all
EnableCompressionInSingleFile true single all
UseSizeOptimizedLinq true single10 all
EOF
}
kind() { # arguments of a kind of publish
  case $1 in
    aot) echo -p:PublishAot=true ;;
    single) echo "-p:PublishTrimmed=true -p:PublishSingleFile=true -p:SuppressTrimAnalysisWarnings=true" ;;
    single10) echo "-p:PublishTrimmed=true -p:PublishSingleFile=true -p:SuppressTrimAnalysisWarnings=true -p:TargetFramework=net10.0" ;;
  esac
}

measure_settings() {
  local data=$out/settings.tsv
  for app in "${apps[@]}"; do
    for kind in aot single single10; do
      make "$app-$kind" "$app"
      while read -r name wanted of where; do
        [ "$of" = "$kind" ] && { [ "$where" = all ] || [ "$where" = "$app" ]; } || continue
        known "$data" "$name" "$app" && continue
        # The app without any setting, once; and what is compiled is compiled once where only the link changes.
        if ! known "$data" "base-$kind" "$app"; then
          publish "$app-$kind" "$app" $(kind "$kind") -p:BinarySizeProfile=Development
          printf '%s\t%s\t%s\n' "base-$kind" "$app" "$(size "$work/$app-$kind/publish/$app")" >> "$data"
        fi
        publish "$app-$kind" "$app" $(kind "$kind") -p:BinarySizeProfile=Development "-p:$name=$wanted"
        printf '%s\t%s\t%s\n' "$name" "$app" "$(size "$work/$app-$kind/publish/$app")" >> "$data"
        echo "$app $name $(value "$data" "$name" "$app")" >&2
      done < <(settings)
      rm -rf "${work:?}/$app-$kind"
    done
  done
}

write_settings() {
  local data=$out/settings.tsv
  {
    echo "| Setting alone | hello | JSON tool | web API | SQLite tool |"
    echo "|---|--:|--:|--:|--:|"
    for kind in aot single single10; do
      case $kind in aot) title="NativeAOT without any" ;; single) title="Trimmed single file without any" ;; single10) title="The same on net10.0" ;; esac
      printf '| %s |' "$title"
      for app in "${apps[@]}"; do
        local base
        base=$(value "$data" "base-$kind" "$app")
        printf ' %s |' "$(grouped "${base:-–}")"
      done
      echo
      while read -r name wanted of where; do
        [ "$of" = "$kind" ] || continue
        printf '| `%s=%s` |' "$name" "$wanted"
        for app in "${apps[@]}"; do
          if [ "$where" != all ] && [ "$where" != "$app" ]; then printf ' is so |'; continue; fi
          local base now
          base=$(value "$data" "base-$kind" "$app") now=$(value "$data" "$name" "$app")
          if [ -z "$base" ] || [ -z "$now" ]; then printf ' – |'; elif [ "$base" = "$now" ]; then printf ' 0 |'; else
            printf ' %s (%s) |' "$(awk -v d=$((base - now)) 'BEGIN { print (d > 0 ? "−" : "+") }')$(grouped $((base > now ? base - now : now - base)))" "$(awk -v b="$base" -v n="$now" 'BEGIN { printf "%.1f %%", 100 * (b > n ? b - n : n - b) / b }')"
          fi
        done
        echo
      done < <(settings)
    done
  } > "$work/settings.md"
  insert docs/profiles.md measured-settings "$work/settings.md"
}

measure_profiles() {
  local data=$out/profiles.tsv
  for app in "${apps[@]}"; do
    for profile in None General Serverless SizeCritical Embedded; do
      for pack in false true; do
        # Only these two pack.
        if [ $pack = true ] && [ $profile != SizeCritical ] && [ $profile != Embedded ]; then continue; fi
        known "$data" "$profile-$pack" "$app" && continue
        [ -d "$work/$app-$profile" ] || make "$app-$profile" "$app"
        publish "$app-$profile" "$app" -p:PublishAot=true "-p:BinarySizeProfile=$profile" "-p:BinarySizePack=$pack"
        tests/apps/verify/smoke.sh "$app" "$work/$app-$profile/publish/$app" > /dev/null
        printf '%s\t%s\t%s\n' "$profile-$pack" "$app" "$(size "$work/$app-$profile/publish/$app")" >> "$data"
        printf '%s\t%s\t%s\n' "$profile-$pack-folder" "$app" "$(shipped "$work/$app-$profile/publish")" >> "$data"
        echo "$app $profile pack=$pack $(value "$data" "$profile-$pack" "$app")" >&2
      done
    done
    if ! known "$data" self-contained "$app"; then
      make "$app-sc" "$app"
      publish "$app-sc" "$app" --self-contained true
      printf 'self-contained\t%s\t%s\n' "$app" "$(shipped "$work/$app-sc/publish")" >> "$data"
      rm -rf "${work:?}/$app-sc"
    fi
    rm -rf "${work:?}/$app"-*
  done
}

# What its targets do behind the linker: upx --best BINARY, and with PublishLzmaCompressed --best --lzma.
measure_peers() {
  local data=$out/profiles.tsv
  for app in "${apps[@]}"; do
    if known "$data" peer-best "$app"; then continue; fi
    make "$app-peer" "$app"
    publish "$app-peer" "$app" -p:PublishAot=true
    for way in "lzma --best --lzma" "best --best"; do
      cp "$work/$app-peer/publish/$app" "$work/packed"
      upx -qqq ${way#* } "$work/packed"
      printf 'peer-%s\t%s\t%s\n' "${way%% *}" "$app" "$(size "$work/packed")" >> "$data"
      echo "$app upx ${way#* } $(size "$work/packed")" >&2
    done
    rm -rf "${work:?}/$app-peer"
  done
}

write_profiles() {
  {
    echo "| Main binary, bytes (share of plain NativeAOT) | hello | JSON tool | web API | SQLite tool |"
    echo "|---|--:|--:|--:|--:|"
    row "self-contained folder" self-contained
    row "plain \`PublishAot\`" None-false
    row "\`General\`" General-false
    row "\`Serverless\`" Serverless-false
    row "\`SizeCritical\`, not packed" SizeCritical-false
    row "\`SizeCritical\`" SizeCritical-true
    row "\`Embedded\`, not packed" Embedded-false
    row "\`Embedded\`" Embedded-true
    row "PublishAotCompressed (\`upx --best\`)" peer-best
    row "… with its LZMA (\`upx --best --lzma\`)" peer-lzma
    row "publish folder, plain" None-false-folder
    row "publish folder, \`Embedded\`" Embedded-true-folder
  } > "$work/profiles.md"
  insert docs/profiles.md measured-profiles "$work/profiles.md"
  insert README.md measured-profiles "$work/profiles.md"
}
row() { # title, name
  printf '| %s |' "$1"
  for app in "${apps[@]}"; do
    local bytes plain
    bytes=$(value "$out/profiles.tsv" "$2" "$app") plain=$(value "$out/profiles.tsv" None-false "$app")
    if [ -z "$bytes" ] || [ -z "$plain" ]; then printf ' – |'; else printf ' %s (%s) |' "$(grouped "$bytes")" "$(awk -v b="$bytes" -v p="$plain" 'BEGIN { printf "%.3f", b / p }')"; fi
  done
  echo
}

case $what in
  settings) measure_settings; write_settings ;;
  profiles) measure_profiles; write_profiles ;;
  peers) measure_peers; write_profiles ;;
  tables)
    if [ -f "$out/settings.tsv" ]; then write_settings; fi
    if [ -f "$out/profiles.tsv" ]; then write_profiles; fi ;;
  *) echo "settings, profiles, peers or tables?" >&2; exit 2 ;;
esac
