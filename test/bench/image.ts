// The account files of an image in which no managed account exists.

export const IMAGE: readonly (readonly [string, string])[] = [
  ['etc/passwd', 'root:x:0:0:root:/root:/bin/bash\n'],
  ['etc/group', 'root:x:0:\n'],
  ['etc/shadow', 'root:*:20000:0:99999:7:::\n'],
  ['etc/gshadow', 'root:*::\n'],
  ['etc/shells', '/bin/bash\n'],
];
