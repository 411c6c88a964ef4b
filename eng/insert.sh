#!/usr/bin/env bash
# Puts the lines of a file between <!-- NAME --> and <!-- /NAME --> of a document: eng/insert.sh DOCUMENT NAME FILE
set -euo pipefail
grep -qxF "<!-- $2 -->" "$1" && grep -qxF "<!-- /$2 -->" "$1" || { echo "$1 has no markers '$2'" >&2; exit 1; }
document=$(awk -v begin="<!-- $2 -->" -v end="<!-- /$2 -->" -v file="$3" '
  $0 == begin { print; while ((getline line < file) > 0) print line; skip = 1; next }
  $0 == end { skip = 0 }
  !skip { print }' "$1")
printf '%s\n' "$document" > "$1"
