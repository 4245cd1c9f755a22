// The account of the canary: of the node itself, in the managed group, in neither the ledger nor the store. Pure.

/** sysusers.d creates it; its shell repeats a number and does nothing else. */
export const CANARY = 'sunk-canary';

/** Whether a line is that account: of a system account's uid, so no person of the store passes for it. */
export function isCanary({ name, uid }: { readonly name: string; readonly uid: number }): boolean {
  return name === CANARY && uid > 0 && uid < 1000;
}
