// The names and ids that are never granted from the store, whatever it says.

/**
 * Accounts and groups that mean power or belong to a system: static ones of Debian's base-passwd, those that common
 * packages make, those of other families that software asks for by name, and what a cluster's own services use.
 */
const RESERVED_NAMES: ReadonlySet<string> = new Set(
  `root toor wheel sudo sudoers admin adm administrator superuser operator staff
  daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody nogroup nfsnobody
  tty disk kmem mem dialout fax voice cdrom floppy tape audio dip src shadow utmp video sasl plugdev users
  input render sgx kvm libvirt libvirt-qemu libvirt-dnsmasq qemu crontab cron at ssl-cert netdev bluetooth scanner lpadmin
  docker dockerroot podman containerd lxd lxc incus incus-admin microk8s rancher k3s kube kubelet etcd
  ssh sshd ssh_keys messagebus dbus polkitd avahi flatpak gdm lightdm xrdp rtkit saned colord geoclue pulse tss uuidd tcpdump pcap wireshark landscape fwupd-refresh syslog
  ntp chrony postfix postdrop dovecot exim debian-exim mysql postgres redis mongodb memcache rabbitmq nginx apache
  httpd haproxy bind named unbound dnsmasq ldap openldap slapd sssd nslcd munge slurm slurmctld slurmdbd slurmrestd
  prometheus node_exporter grafana telegraf zabbix nagios puppet chef ansible salt jenkins gitlab-runner
  ubuntu debian centos fedora rocky almalinux ec2-user azureuser cloud-user core vagrant
  halt shutdown reboot setup nsscache sunk sunk-agent sunk-agent-reader sunk-testbed
  default all any none everyone login anonymous guest service system local host`.split(/\s+/),
);

const RESERVED_PREFIXES = ['systemd-', '_', 'snap_', 'sunk-agent'];

/** Whether no account and no group from the store may have that name, on any node. */
export function isReservedName(name: string): boolean {
  return RESERVED_NAMES.has(name) || RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/**
 * Ranges of uids and gids that are never granted, both ends included: system accounts and root, systemd's home,
 * dynamic, container and `nobody` ranges (systemd, UIDS-GIDS), 16-bit -1, and all that a signed 32-bit number
 * cannot hold. `munge` (400) and `slurm` (401) of SUNK lie in the first.
 */
export const RESERVED_IDS: readonly (readonly [low: number, high: number])[] = [
  [0, 999],
  [60001, 60513],
  [61184, 65519],
  [65534, 65535],
  [524288, 1879048191],
  [2147483647, 4294967295],
];

/** Whether no account and no group from the store may have that id; so is anything that is no id at all. */
export function isReservedId(id: number): boolean {
  if (!Number.isSafeInteger(id) || id < 0 || id > 4294967295) return true;
  return RESERVED_IDS.some(([low, high]) => id >= low && id <= high);
}
