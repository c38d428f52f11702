#!/bin/sh
# Builds ../assets/PerryDemo, the executable of the iOS demo app, from main.c: an unsigned arm64 Mach-O for iOS
# with room for a code signature. Needs clang and lld only (Debian: apt-get install clang lld), no SDK:
# libSystem.tbd names the one function that is used. Tried with clang and lld 14; the same tools give the same bytes.
set -eu
cd "$(dirname "$0")"
linker=${LD64_LLD:-$(command -v ld64.lld || command -v ld64.lld-14)}
object=$(mktemp)
trap 'rm -f "$object"' EXIT
"${CC:-clang}" -target arm64-apple-ios15.0 -Os -ffreestanding -fno-stack-protector -c main.c -o "$object"
"$linker" -arch arm64 -platform_version ios 15.0 17.0 -pie -no_adhoc_codesign -headerpad 0x400 \
  -o ../assets/PerryDemo "$object" libSystem.tbd
chmod 755 ../assets/PerryDemo
