# Runs while the packages are installed, with the root folder in $1. `kernel` names a package that depends on the newest
# kernel, `modules` what the initial file system loads. The package comes by apt, which checks its signature; only the
# files that are wanted are taken.
set -eu
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
package=$(apt-cache depends "$kernel" | sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1)
version=$(apt-cache policy "$package" | sed -n 's/^ *Candidate: //p')
[ -n "$package" ] && [ -n "$version" ] || { echo "E: $kernel names no kernel" >&2; exit 1; }
echo "I: taking the kernel from $package $version" >&2
cd "$1/var/cache/apt/archives"
apt-get -q=2 -o APT::Sandbox::User=root download "$package=$version"
tree="$1/perry-kernel/tree"
out="$1/perry-kernel/kernel"
mkdir -p "$tree" "$out/modules"
dpkg-deb -x "${package}_${version}"_*.deb "$tree"
cp "$tree"/boot/vmlinuz-* "$out/vmlinuz"
at=10
for module in $modules; do
  file=$(find "$tree" -name "$module.ko*" | head -n 1)
  if [ -z "$file" ]; then
    find "$tree" -name modules.builtin -exec cat {} + | grep -q "/$module[.]ko\$" && continue
    echo "E: $package has no $module" >&2
    exit 1
  fi
  case $file in
    *.xz) xz -dc "$file" ;;
    *.zst) zstd -dc "$file" ;;
    *) cat "$file" ;;
  esac > "$out/modules/$at-$module.ko"
  at=$((at + 1))
done
release=$(find "$tree" -name modules.builtin | head -n 1)
basename "$(dirname "$release")" > "$out/release"
echo "$package $version" > "$out/package"
rm -rf "$tree"
