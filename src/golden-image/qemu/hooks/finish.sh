# Runs when everything is installed and copied, with the root folder in $1. `rcodesign` is the answer that is wanted of
# rcodesign, `built` the day of the recipe in seconds since 1970.
set -eu
root="$1"
chmod 755 "$root/usr/sbin/perry-init" "$root/etc/acpi/PWRF/00000080" "$root/usr/local/bin/rcodesign"
echo "$built" > "$root/etc/perry-built-at"
chroot "$root" useradd --create-home --home-dir /home/signer --shell /bin/sh --user-group signer
# no password, and not locked either: sshd refuses who is locked
sed -i 's/^signer:!/signer:*/' "$root/etc/shadow"
said=$(chroot "$root" /usr/local/bin/rcodesign --version 2>&1) || true
[ "$said" = "$rcodesign" ] || { echo "E: in the image rcodesign says: $said" >&2; exit 1; }

# no secret, nothing of this host, nothing that only an installation needs
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/resolv.conf" "$root/etc/machine-id" "$root"/etc/*- "$root"/var/cache/ldconfig/*
: > "$root/etc/apt/sources.list"
rm -rf "$root/perry-kernel" "$root"/var/cache/apt/* "$root"/var/cache/debconf/* "$root"/var/lib/apt/lists/* "$root"/var/lib/dpkg/info "$root"/var/log/*
rm -rf "$root"/usr/bin/perl* "$root"/usr/lib/*/perl-base "$root"/usr/share/perl* "$root"/usr/lib/*/gconv
rm -rf "$root"/usr/share/zoneinfo "$root"/usr/share/bash-completion "$root"/usr/share/pixmaps "$root"/usr/share/lintian
rm -rf "$root"/usr/lib/udev "$root"/usr/lib/systemd/system "$root"/usr/share/common-licenses

# the user writes to its home and to /tmp, and becomes nobody else
find "$root" -xdev -type f -perm /6000 -exec chmod a-s {} +
chmod 755 "$root/var/tmp" "$root/run/lock" 2> /dev/null || true
writable=$(find "$root" -xdev ! -type l -perm -0002 ! -path "$root/tmp" ! -path "$root/dev" ! -path "$root/dev/*" ! -path "$root/proc/*" ! -path "$root/sys/*")
[ -z "$writable" ] || { echo "E: everybody may write to: $writable" >&2; exit 1; }
