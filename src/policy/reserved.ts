// Names and ids that no store may grant.

const NAMES = new Set(
  (
    'root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody adm tty disk ' +
    'dialout fax voice cdrom floppy tape sudo audio dip operator src shadow utmp video sasl plugdev staff users wheel ' +
    'admin docker lxd kvm libvirt input render crontab netdev messagebus sshd polkitd munge slurm sunk-reader sunk-keys'
  ).split(' '),
);

/** Names that mean root, a service or a device on a node. */
export function isReservedName(name: string): boolean {
  return NAMES.has(name) || name.startsWith('systemd-') || name.startsWith('_');
}

/** Ranges of UIDS-GIDS (systemd.io) and of Debian's own ids. */
export function isReservedId(id: number): boolean {
  return (
    id < 1000 ||
    (id >= 60001 && id <= 60513) ||
    (id >= 61184 && id <= 65535) ||
    (id >= 524288 && id <= 1879048191) ||
    id >= 2 ** 31
  );
}
