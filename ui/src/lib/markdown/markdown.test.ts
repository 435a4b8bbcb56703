import { render } from 'svelte/server';
import { describe, expect, it } from 'vitest';

import { highlight } from './highlight';
import NodeList from './NodeList.svelte';
import { linked, parse, safeUrl } from './parse';

/** The markup that a text becomes. */
function html(text: string): string {
  const root = parse(text);
  return render(NodeList, { props: { nodes: root.children, root } }).body.replace(/<!--.*?-->/g, '');
}

describe('markdown', () => {
  it.each([
    '<script>alert(1)</script>', '<img src=x onerror=alert(1)>', 'a <b onclick="x()">b</b>', '<svg/onload=alert(1)>', '<iframe src="javascript:alert(1)"></iframe>',
    '<!-- x --><style>*{}</style>', '`<script>`', '```html\n<script>alert(1)</script>\n```', '| <script> |\n|---|\n| <img src=x> |', '[<img src=x onerror=alert(1)>](https://a.test)',
  ])('never makes markup of %s', (text) => {
    expect(html(text)).not.toMatch(/<(script|img|b |svg\/|iframe|style)/i);
  });

  it.each([
    '[x](javascript:alert(1))', '[x](JaVaScRiPt:alert(1))', '[x](data:text/html,x)', '[x](vbscript:x)', '<javascript:alert(1)>', '[x][1]\n\n[1]: javascript:alert(1)',
    '![x](javascript:alert(1))', '[x](file:///etc/passwd)', '[x](//evil.test)', '[x](/api/accounts)', '[x](java&#10;script:alert(1))', '[x](\u0001javascript:alert(1))',
  ])('makes no link of %s', (text) => {
    expect(html(text)).not.toContain('href');
  });

  it('opens good links elsewhere, and loads no image', () => {
    expect(html('[a](https://a.test/x) <mailto:b@c.test>')).toMatch(/href="https:\/\/a.test\/x"[^>]*rel="noopener/);
    expect(html('![alt](https://a.test/x.png)')).toContain('>alt</a>');
    expect(html('![alt](https://a.test/x.png)')).not.toContain('<img');
  });

  it('never puts a link into a link', () => {
    expect(html('[see https://b.test](https://a.test)').match(/<a /g)).toHaveLength(1);
  });

  it('knows tables, tasks and strikes', () => {
    expect(html('| a |\n|---|\n| b |')).toMatch(/<th[^>]*>a<\/th>/);
    expect(html('- [x] done')).toContain('☑');
    expect(html('<b>**loud**</b>\n\n<div>\n- one')).toMatch(/&lt;b><strong[^>]*>loud.*&lt;div>.*<li/s);
    expect(html('~~no~~ 5~6')).toContain('<del>no</del>');
  });
});

describe('safeUrl', () => {
  it('lets three schemes through', () => {
    expect(safeUrl('https://a.test')).toBe('https://a.test/');
    expect(safeUrl('mailto:a@b.test')).toBe('mailto:a@b.test');
    expect(safeUrl('ftp://a.test')).toBeNull();
    expect(safeUrl('a.test')).toBeNull();
  });
});

describe('linked', () => {
  it('finds bare addresses without the end of the sentence', () => {
    expect(linked('See https://a.test/x?y=1, or (http://b.test).').filter((piece) => piece.href).map((piece) => piece.text)).toEqual(['https://a.test/x?y=1', 'http://b.test']);
    expect(linked('no address').length).toBe(1);
    expect(linked('a https://a.test b').map((piece) => piece.text).join('')).toBe('a https://a.test b');
  });
});

describe('highlight', () => {
  it.each(['typescript', 'python', 'rust', 'json', 'bash', 'html', 'go', 'yaml', 'diff', 'java', 'css', 'c', 'toml'])('keeps every letter of %s', (language) => {
    const code = 'fn main() { let x = "a<b>\\n"; } // <script>\n# `t` ${x} [1, 2]\n+ added\n- gone: true\n';
    expect(highlight(code, language)?.map((token) => token.text).join('')).toBe(code);
  });
  it('leaves other languages alone', () => expect(highlight('x', 'brainfuck')).toBeNull());
});
