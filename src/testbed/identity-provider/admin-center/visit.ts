// One request to the admin center: the directory, the session, and what a page or an action gives back.
import type { Directory } from '../directory.ts';
import type { Step } from '../entra/on-demand.ts';
import type { Html } from '../../pages/html.ts';
import type { Notice } from '../../pages/parts.ts';

/** What is typed or chosen on one page and saved on another. */
export interface Drafts {
  /** Attribute mappings of users: *OK* and *Delete* change this, *Save* the application. */
  mappings: Record<string, string> | null;
  /** *Tenant URL* and *Secret token* until *Create*. */
  connection: { readonly url: string; readonly token: string } | null;
  /** The last *Provision on demand*. */
  onDemand: { readonly name: string; readonly steps: readonly Step[] } | null;
}

export interface AdminSession {
  readonly id: string;
  readonly csrf: string;
  readonly drafts: Drafts;
  /** Shown once, on the next page. */
  notice: Notice | null;
}

export interface IdentityProvider {
  /** The directory.yaml. */
  readonly file: string;
  readonly origin: string;
  readonly metadataUrl: string;
  readonly issuer: string;
  /** PEM. */
  readonly certificate: string;
  /** Seconds between automatic cycles; null: there are none. */
  readonly cycleEvery: number | null;
  /** Begins a sign-in that no application asked for. @returns the path of the sign-in page. */
  startTest(): string;
}

export interface Visit {
  readonly directory: Directory;
  readonly provider: IdentityProvider;
  readonly session: AdminSession;
}

export interface Page {
  readonly title: string;
  /** Entry of the menu that the page belongs to. */
  readonly section: string;
  /** Whether the page is one of the application's, with the menu *Manage*. */
  readonly isOfApplication: boolean;
  readonly body: Html;
}

/** What an action did: a sentence (none where the next page says it), and the path of the next page. */
export interface Done {
  readonly notice: string | null;
  readonly to: string;
}

export type ShowPage = (visit: Visit, query: URLSearchParams) => Page;
export type Act = (visit: Visit, form: URLSearchParams) => Done | Promise<Done>;
