#!/bin/sh
# A throwaway login node: this machine's own files under an overlay that no other process sees.
#
# node.sh DIRECTORY REPOSITORY MODULES, in a mount and pid namespace of its own. All that is written lies in a
# tmpfs of that namespace, and is gone with the last process in it. Says "ready" once there is something to enter, and
# stays until its standard input ends.
set -eu
directory=$1 repository=$2 modules=$3
root=$directory/root

mount -t tmpfs -o mode=0755 none "$directory"
mkdir "$directory/upper" "$directory/work" "$root"
mount -t overlay -o "lowerdir=/,upperdir=$directory/upper,workdir=$directory/work" none "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=0755 none "$root/run"
mount -t tmpfs -o mode=1777 none "$root/tmp"

# Node as a user without rights must reach the code, wherever it was cloned to.
mkdir -p "$root/opt/sunk-agent"
mount --bind "$repository" "$root/opt/sunk-agent"
mount -o remount,bind,ro "$root/opt/sunk-agent"
if [ "$modules" != "$repository/node_modules" ]; then
  mkdir -p "$root$modules"
  mount --bind "$modules" "$root$modules"
fi

# Often a link into /run, which is another one here.
if [ -e /etc/resolv.conf ]; then
  cat /etc/resolv.conf >"$directory/resolv.conf"
  rm -f "$root/etc/resolv.conf"
  cp "$directory/resolv.conf" "$root/etc/resolv.conf"
fi
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
if ! [ -x "$root/usr/sbin/sshd" ]; then
  echo 'openssh-server is missing: installing it with apt inside the private node only' >&2
  chroot "$root" apt-get update -qq </dev/null >&2
  DEBIAN_FRONTEND=noninteractive chroot "$root" \
    apt-get install -y -qq --no-install-recommends openssh-server openssh-client </dev/null >/dev/null
fi

# What the package would put into place.
mkdir -p "$root/run/sshd"
rm -rf "$root/etc/ssh" "$root/etc/sunk-agent" "$root/var/lib/sunk-agent"
mkdir -p "$root/etc/ssh/sshd_config.d" "$root/etc/sunk-agent/credentials" "$root/usr/libexec/sunk-agent" \
  "$root/var/lib/sunk-agent" "$root/usr/local/bin"
cat >"$root/usr/local/bin/sunk-agent" <<'END'
#!/bin/sh
exec /opt/sunk-agent/node_modules/.bin/node /opt/sunk-agent/src/cli/main.ts "$@"
END
chmod 755 "$root/usr/local/bin/sunk-agent"
install -m 0755 "$repository/packaging/authorized-keys" "$root/usr/libexec/sunk-agent/authorized-keys"
install -m 0644 "$repository/packaging/sshd/10-sunk-agent.conf" "$root/etc/ssh/sshd_config.d/"
for name in sunk-reader sunk-keys; do
  chroot "$root" useradd --system --no-create-home --shell /usr/sbin/nologin "$name" 2>/dev/null || true
done
cat >"$root/etc/ssh/sshd_config" <<END
Include /etc/ssh/sshd_config.d/*.conf
ListenAddress 127.0.0.1
UsePAM yes
PasswordAuthentication no
KbdInteractiveAuthentication no
END
chroot "$root" ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
# Printed from inside: a process that enters gets this one's root, and before the chroot that is the machine's own.
# The first process of the namespace waits for every child: what a login leaves behind must not stay as a zombie.
exec chroot "$root" sh -c 'exec 3<&0; cat <&3 >/dev/null & echo ready; wait $!'
