//! Pictures in as few bytes as a program without libraries can make them: few colours, packed well. Windows
//! have few colours, and letters keep their edges, which no other kind of small picture leaves them.

import { deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const MOST = 96;
/** Colours that are kept as they are; the rest of the palette is for the others. */
const EXACT = 40;

/** A picture of three bytes a pixel, written as it is. */
export function write(width, height, pixels) {
  const line = width * 3;
  const raw = Buffer.alloc((line + 1) * height);
  for (let y = 0; y < height; y++) pixels.copy(raw, y * (line + 1) + 1, y * line, (y + 1) * line);
  return file(width, height, 2, [chunk('IDAT', deflateSync(raw))]);
}

/** The same picture, smaller. */
export function shrunk(png) {
  const { width, height, colours } = read(png);
  const counts = new Map();
  for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const palette = choose(counts);
  const places = new Map([...counts.keys()].map((colour) => [colour, nearest(palette, colour)]));
  const raw = Buffer.alloc((width + 1) * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) raw[y * (width + 1) + 1 + x] = places.get(colours[at]);
  }
  const table = Buffer.alloc(palette.length * 3);
  palette.forEach((colour, place) => table.writeUIntBE(colour, place * 3, 3));
  return file(width, height, 3, [chunk('PLTE', table), chunk('IDAT', deflateSync(raw, { level: 9, memLevel: 9 }))]);
}

/** What a browser writes: eight bits a channel, not interlaced. One number a pixel. */
function read(png) {
  const width = png.readUInt32BE(16);
  const height = png.readUInt32BE(20);
  const size = { 2: 3, 6: 4 }[png[25]];
  if (png[24] !== 8 || !size || png[28] !== 0) throw new Error('a picture of another kind');
  const packed = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') packed.push(png.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const raw = inflateSync(Buffer.concat(packed));
  const line = width * size;
  const colours = new Uint32Array(width * height);
  let above = Buffer.alloc(line);
  for (let y = 0; y < height; y++) {
    const start = y * (line + 1);
    const row = raw.subarray(start + 1, start + 1 + line);
    unfilter(raw[start], row, above, size);
    for (let x = 0; x < width; x++) colours[y * width + x] = row.readUIntBE(x * size, 3);
    above = row;
  }
  return { width, height, colours };
}

/** Every line says how it was made smaller from what is left of it and above it. */
function unfilter(kind, row, above, size) {
  for (let at = 0; at < row.length; at++) {
    const left = at >= size ? row[at - size] : 0;
    const up = above[at];
    const corner = at >= size ? above[at - size] : 0;
    if (kind === 1) row[at] += left;
    else if (kind === 2) row[at] += up;
    else if (kind === 3) row[at] += (left + up) >> 1;
    else if (kind === 4) {
      const guess = left + up - corner;
      const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
      row[at] += a <= b && a <= c ? left : b <= c ? up : corner;
    }
  }
}

/** The most frequent colours, and of the others one for each neighbourhood that has many pixels. Greys are seldom missed,
 *  a green tick is. */
function choose(counts) {
  const weight = ([colour, count]) => {
    const parts = [colour >> 16, (colour >> 8) & 255, colour & 255];
    return count * (1 + (Math.max(...parts) - Math.min(...parts)) / 8);
  };
  const sorted = [...counts].sort((a, b) => weight(b) - weight(a));
  if (sorted.length <= MOST) return sorted.map(([colour]) => colour);
  const quarters = new Map();
  for (const entry of sorted.slice(EXACT)) {
    const key = entry[0] & 0xe0e0e0;
    const heaviest = quarters.get(key);
    quarters.set(key, { colour: heaviest?.colour ?? entry[0], weight: (heaviest?.weight ?? 0) + weight(entry) });
  }
  const others = [...quarters.values()].sort((a, b) => b.weight - a.weight).slice(0, MOST - EXACT);
  return [...sorted.slice(0, EXACT).map(([colour]) => colour), ...others.map(({ colour }) => colour)];
}

function nearest(palette, colour) {
  const far = (other) => ((other >> 16) - (colour >> 16)) ** 2 + (((other >> 8) & 255) - ((colour >> 8) & 255)) ** 2 + ((other & 255) - (colour & 255)) ** 2;
  let best = 0;
  for (let place = 1; place < palette.length; place++) if (far(palette[place]) < far(palette[best])) best = place;
  return best;
}

function file(width, height, kind, chunks) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, kind], 8);
  return Buffer.concat([SIGNATURE, chunk('IHDR', head), ...chunks, chunk('IEND', Buffer.alloc(0))]);
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

function crc(bytes) {
  let left = ~0;
  for (const byte of bytes) {
    left ^= byte;
    for (let bit = 0; bit < 8; bit++) left = (left >>> 1) ^ (left & 1 ? 0xedb88320 : 0);
  }
  return ~left >>> 0;
}
