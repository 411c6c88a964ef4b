#!/bin/sh
# Makes the object files for machines that the tests do not run on: 32 and 64 bits, both byte orders.
set -eu
cd "$(dirname "$0")"
for target in powerpc-linux-gnu powerpc64le-linux-gnu arm-linux-gnueabi armeb-linux-gnueabi aarch64-linux-gnu aarch64_be-linux-gnu \
    mips-linux-gnu mips64el-linux-gnuabi64 s390x-linux-gnu sparcv9-linux-gnu riscv64-linux-gnu i386-linux-gnu x86_64-linux-gnu; do
    clang --target="$target" -fintegrated-as -O1 -fexceptions -fasynchronous-unwind-tables -c fixture.cpp -o "${target%%-*}.o"
done
clang --target=i386-linux-gnu -O1 -g -ffunction-sections -fdata-sections -c fixture.cpp -o i386-debug.o
