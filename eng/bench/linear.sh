#!/usr/bin/env bash
# Does the cost grow linearly with the symbols? A full symbol report of objects of 1, 10 and 100 MB that the assembler makes of
# generated functions, whole process, warm cache. Prints medians, the peak, and what one symbol costs above an empty report.
#   eng/bench/linear.sh [RUNS] [TOOL]    default: 5 runs of artifacts/bench/tool/BinarySize.Cli, which symbols.sh compiles
set -euo pipefail
cd "$(dirname "$0")/../.."
runs=${1:-5}
tool=${2:-$PWD/artifacts/bench/tool/BinarySize.Cli}
[ -x "$tool" ] || { echo "$tool is missing. Run eng/bench/symbols.sh first, or name a binarysize." >&2; exit 1; }
command -v /usr/bin/time >/dev/null || { echo "GNU time is missing. Type: apt-get install time" >&2; exit 1; }
command -v as >/dev/null || { echo "The assembler is missing. Type: apt-get install binutils" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make() { # MB: each function takes some 200 bytes, with its symbol and name
  awk -v n=$(($1 * 1000000 / 200)) 'BEGIN {
    print ".text"
    for (i = 0; i < n; i++) printf ".globl a_function_with_a_name_of_some_length_%07d\n.type a_function_with_a_name_of_some_length_%07d,@function\na_function_with_a_name_of_some_length_%07d:\n.skip 128,0x90\n.size a_function_with_a_name_of_some_length_%07d,128\n", i, i, i, i
  }' | as -o "$work/$1.o" -
}
median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
measure() { # file: seconds of CPU and of the clock, KiB
  /usr/bin/time -f '%U %S %e %M' -o "$work/one" "$tool" report "$1" --by symbol --top 1000000 >/dev/null
  awk '{ printf "%.3f %s %s\n", $1 + $2, $3, $4 }' "$work/one"
}
figures() { # file
  measure "$1" >/dev/null
  for ((i = 0; i < runs; i++)); do measure "$1"; done > "$work/times"
  cpu=$(awk '{ print $1 }' "$work/times" | median)
  wall=$(awk '{ print $2 }' "$work/times" | median)
  peak=$(awk '{ print $3 }' "$work/times" | sort -n | tail -1)
}

echo .text | as -o "$work/empty.o" -
figures "$work/empty.o"
base=$cpu floor=$peak
printf '%8s %9s %8s %8s %8s %12s %14s\n' MB symbols "wall s" "CPU s" "peak MB" "ns / symbol" "bytes / symbol"
for mb in 1 10 100; do
  make "$mb"
  n=$(nm "$work/$mb.o" | wc -l)
  figures "$work/$mb.o"
  printf '%8.1f %9d %8.2f %8.3f %8d %12.0f %14.0f\n' "$(awk -v b="$(stat -c %s "$work/$mb.o")" 'BEGIN { print b / 1e6 }')" "$n" "$wall" "$cpu" $((peak / 1024)) \
    "$(awk -v a="$cpu" -v b="$base" -v n="$n" 'BEGIN { print (a - b) * 1e9 / n }')" "$(awk -v a="$peak" -v b="$floor" -v n="$n" 'BEGIN { print (a - b) * 1024 / n }')"
done
echo "An empty object: $base s of CPU, $((floor / 1024)) MB. Load of the machine: $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) processors."
