// Why a goal is missed, in one sentence: said in the table in place of `met`, and only where it is missed.

export const SHORTFALLS: Readonly<Record<string, string>> = {
  'sync full-pass-no-change-100k':
    'missed: keys of everybody whom the store lists are claims now, and are looked at in each pass',
  'sync peak-pss-mb-100k':
    'missed: more is kept from pass to pass, so that one changed key need not cost a whole reckoning',
  'host cold-apply-10k-s':
    'missed: half of it is the kernel making, writing and renaming 10,000 key files one by one, and the rest a process that starts, checks its cache and compiles as it goes',
};
