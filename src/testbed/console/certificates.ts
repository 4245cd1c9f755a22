// The signing certificates of the identity provider, and how long each is good.
import { readValidity } from '../saml/idp-metadata.ts';
import type { SamlProvider } from '../saml/sso-state.ts';

export interface CertificateState {
  readonly state: 'good' | 'soon' | 'expired' | 'not yet';
  readonly words: string;
  readonly isGood: boolean;
}

/** Days before the end in which the state is `soon`. */
const SOON = 30;
const DAY = 86_400_000;

/** @param now epoch milliseconds. */
export function describeCertificates(provider: SamlProvider, now: number): readonly CertificateState[] {
  return readValidity(provider).map(({ from, to }) => {
    const day = to.toISOString().slice(0, 10);
    const days = Math.ceil((to.getTime() - now) / DAY);
    if (days <= 0) return { state: 'expired', words: `expired on ${day}`, isGood: false };
    if (from.getTime() > now + DAY)
      return { state: 'not yet', words: `valid from ${from.toISOString().slice(0, 10)}`, isGood: false };
    if (days <= SOON) return { state: 'soon', words: `expires in ${days} d, on ${day}`, isGood: false };
    return { state: 'good', words: `valid until ${day}`, isGood: true };
  });
}
