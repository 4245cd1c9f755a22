// One request to the console: who asks, what there is to show, and what a page or an action gives back.
import type { Html } from '../pages/html.ts';
import type { Workspace } from '../workspace.ts';

export interface Visitor {
  /** The administrator who came by the link that the start printed, a pushed user, or a guest (see admission.ts). */
  readonly kind: 'local' | 'user' | 'guest';
  /** For people to read. */
  readonly name: string;
  readonly isAdministrator: boolean;
  /** SCIM id; null for all but pushed users. */
  readonly userId: string | null;
}

export interface Visit {
  readonly workspace: Workspace;
  readonly visitor: Visitor;
  /** What each form must bring back (see `form`). */
  readonly csrf: string;
  /** The SCIM Base URL. */
  readonly baseUrl: string;
  /** A token's text, shown on this page and never again. */
  readonly newToken: { readonly name: string; readonly text: string } | null;
  /** What was entered in a form of this path that was refused; null: nothing. */
  readonly entered: (path: string, field: string) => string | null;
  readonly now: number;
}

export interface Page {
  readonly title: string;
  /** Segment of the menu's entry that the page belongs to. */
  readonly section: string;
  readonly body: Html;
  readonly status?: number;
}

/** What an action did: a sentence, and the page that shows it. */
export interface Done {
  readonly notice: string;
  /** Path below the console, such as `/users`. */
  readonly to: string;
  readonly newToken?: { readonly name: string; readonly text: string };
}

/** @param ids the parts of the path that stand for a resource. */
export type ShowPage = (visit: Visit, ids: readonly string[], query: URLSearchParams) => Page;
export type Act = (visit: Visit, ids: readonly string[], form: URLSearchParams) => Done | Promise<Done>;
