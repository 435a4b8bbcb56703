//! Markdown to a tree of nodes. Raw HTML stays text, and a link that is not http, https or mailto is no link: what a
//! model writes must never become markup.

import type { Nodes, Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmStrikethroughFromMarkdown } from 'mdast-util-gfm-strikethrough';
import { gfmTableFromMarkdown } from 'mdast-util-gfm-table';
import { gfmTaskListItemFromMarkdown } from 'mdast-util-gfm-task-list-item';
import { gfmStrikethrough } from 'micromark-extension-gfm-strikethrough';
import { gfmTable } from 'micromark-extension-gfm-table';
import { gfmTaskListItem } from 'micromark-extension-gfm-task-list-item';

// The parts of GitHub's dialect that models write. Its bare links are found below, in a few lines instead of a library.
// HTML is none of them: turned off, it is text like any other.
const extensions = [gfmTable(), gfmStrikethrough({ singleTilde: false }), gfmTaskListItem(), { disable: { null: ['htmlFlow', 'htmlText'] } }];
const mdastExtensions = [gfmTableFromMarkdown(), gfmStrikethroughFromMarkdown(), gfmTaskListItemFromMarkdown()];

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

export type Piece = { text: string; href: string | null };

/** A text in pieces: bare http and https addresses become links, without the punctuation that ends a sentence. */
export function linked(text: string): Piece[] {
  if (!text.includes('://')) return [{ text, href: null }];
  return text
    .split(/(https?:\/\/[^\s<>"'`]*[^\s<>"'`.,;:!?)\]}*_])/)
    .filter((piece) => piece !== '')
    .map((piece) => ({ text: piece, href: /^https?:\/\//.test(piece) ? safeUrl(piece) : null }));
}
