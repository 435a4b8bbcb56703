//! Markdown to a tree of nodes. Raw HTML stays text, and a link that is not http, https or mailto is no link: what a
//! model writes must never become markup.

import type { Nodes, Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';

const extensions = [gfm()];
const mdastExtensions = gfmFromMarkdown();

export type { Nodes, Root };

export function parse(text: string): Root {
  return fromMarkdown(text, { extensions, mdastExtensions });
}

const ALLOWED = new Set(['http:', 'https:', 'mailto:']);

/** The address of a link when it may be opened, else null. Relative ones are refused: they would lead into our own page. */
export function safeUrl(url: string): string | null {
  try {
    const parsed = new URL(url);
    return ALLOWED.has(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}
