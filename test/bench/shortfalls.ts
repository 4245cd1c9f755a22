// Why a goal is missed, in one sentence: said in the table in place of `met`, and only where it is missed.

export const SHORTFALLS: Readonly<Record<string, string>> = {
  'host cold-apply-10k-s':
    'missed: to make 10,000 files takes the disk alone what `bare-files-10k-s` says, and the rest is a process that starts, checks its state database and compiles as it goes',
};
