// Why a goal is missed, in one sentence: said in the table in place of `met`, and only where it is missed.

export const SHORTFALLS: Readonly<Record<string, string>> = {
  'sync full-pass-no-change-100k':
    'missed: keys of everybody whom the store lists are claims now, and are looked at in each pass',
  'host cold-apply-10k-s':
    'missed: to make 10,000 key files takes most of it, as the row `bare-files-10k-s` of the same run shows, and the rest is a process that starts, checks its cache and compiles as it goes',
};
