// Why a goal is missed, in one sentence: said in the table in place of `met`, and only where it is missed.

export const SHORTFALLS: Readonly<Record<string, string>> = {};
