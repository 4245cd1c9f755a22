#!/bin/sh
# A node to log in to, for the demo: this machine's own system under an overlay that only this process tree sees.
#   unshare --mount --pid --fork --kill-child sh node.sh FOLDER CODE MODULES SETTINGS
# Nothing that happens in it reaches the machine's files, and all of it is gone when this process ends.
set -eu
folder=$1 code=$2 modules=$3 settings=$(mktemp -d)
cp -R "$4/." "$settings"
mount --make-rprivate /
mount -t tmpfs -o mode=0755 none "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" none "$folder/root"
mkdir -p "$folder/root/opt/sunk-agent" "$folder/root$modules"
mount --rbind /dev "$folder/root/dev"
mount --bind "$code" "$folder/root/opt/sunk-agent"
mount --bind "$modules" "$folder/root$modules"
mount -t proc none "$folder/root/proc"
mount -t tmpfs -o mode=0755 none "$folder/root/run"
mount -t tmpfs -o mode=1777 none "$folder/root/tmp"
mkdir -p "$folder/root/etc/sunk-agent"
cp -R "$settings/." "$folder/root/etc/sunk-agent"
rm -r "$settings"
cp -L /etc/resolv.conf "$folder/root/run/resolv.conf"
# shellcheck disable=SC2016 # it is the inner shell that expands
exec chroot "$folder/root" sh -eu -c '
  code=/opt/sunk-agent
  if ! [ -x /usr/sbin/sshd ]; then
    echo "installing openssh-server, inside the overlay only" >&2
    printf "#!/bin/sh\nexit 101\n" >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    [ -e /etc/resolv.conf ] || cp /run/resolv.conf /etc/resolv.conf
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openssh-server >/dev/null
  fi
  mkdir -p /run/sshd /etc/sunk-agent/credentials /usr/libexec/sunk-agent
  rm -rf /etc/ssh
  mkdir -p /etc/ssh/sshd_config.d
  ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key
  install -m 0755 "$code/packaging/authorized-keys" /usr/libexec/sunk-agent/authorized-keys
  cp "$code/packaging/sshd/10-sunk-agent.conf" /etc/ssh/sshd_config.d/
  printf "Include /etc/ssh/sshd_config.d/*.conf\nListenAddress 127.0.0.1\nPasswordAuthentication no\nUsePAM no\n" >/etc/ssh/sshd_config
  for user in sunk-reader sunk-keys; do
    getent passwd "$user" >/dev/null || useradd --system --no-create-home --shell /usr/sbin/nologin "$user"
  done
  chgrp -R sunk-reader /etc/sunk-agent/credentials
  chmod 0750 /etc/sunk-agent/credentials
  chmod 0640 /etc/sunk-agent/credentials/scim-token
  echo ready
  exec sleep infinity
'
