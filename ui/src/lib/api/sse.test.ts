import { describe, expect, it } from 'vitest';

import { events, SseParser } from './sse';

function all(...pieces: string[]) {
  const parser = new SseParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

describe('SseParser', () => {
  it('reads name, data and id', () => {
    expect(all('id: 7\nevent: ping\ndata: {"a":1}\n\n')).toEqual([{ event: 'ping', data: '{"a":1}', id: '7' }]);
  });

  it('takes every line ending and joins lines of data', () => {
    expect(all('data: a\r\ndata: b\r\n\r\ndata:c\r\rdata: d\n\n').map((event) => event.data)).toEqual(['a\nb', 'c', 'd']);
  });

  it('gives the same whatever the pieces', () => {
    const text = '\uFEFF: hello\r\nevent: x\r\ndata: one\r\ndata: two\r\n\r\ndata: 中文\n\nevent: none\n\ndata\n\n';
    const whole = all(text);
    expect(whole.map((event) => [event.event, event.data])).toEqual([['x', 'one\ntwo'], ['message', '中文'], ['message', '']]);
    for (let at = 1; at < text.length; at++) expect(all(text.slice(0, at), text.slice(at))).toEqual(whole);
    expect(all(...text)).toEqual(whole);
  });

  it('keeps what is not ended', () => {
    expect(all('data: a\n')).toEqual([]);
  });
});

describe('events', () => {
  it('decodes letters that are cut in two, and lets go of the body', async () => {
    const bytes = new TextEncoder().encode('data: 中\n\n');
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.slice(0, 7));
        controller.enqueue(bytes.slice(7));
      },
      cancel() {
        cancelled = true;
      },
    });
    for await (const event of events(body)) {
      expect(event.data).toBe('中');
      break;
    }
    expect(cancelled).toBe(true);
  });
});
