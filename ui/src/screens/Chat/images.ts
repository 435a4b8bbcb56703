//! Pictures that are pasted or dropped.

import type { Block } from './types';

const KINDS = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);
/** The largest edge that models look at; more is only slower and dearer. */
const MOST_PIXELS = 2000;
const MOST_BYTES = 3_500_000;

export type ImageBlock = Extract<Block, { type: 'image' }>;

export function imagesOf(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])].filter((file) => file.type.startsWith('image/'));
}

/** The file as a block; made smaller, or into a PNG, when models would not take it as it is. */
export async function imageBlock(file: File): Promise<ImageBlock> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, MOST_PIXELS / Math.max(bitmap.width, bitmap.height));
  let content: Blob = file;
  if (scale < 1 || file.size > MOST_BYTES || !KINDS.has(file.type)) {
    const canvas = new OffscreenCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    content = await canvas.convertToBlob(file.size > MOST_BYTES ? { type: 'image/jpeg', quality: 0.88 } : { type: 'image/png' });
  }
  bitmap.close();
  return { type: 'image', source: { type: 'base64', media_type: content.type, data: base64(new Uint8Array(await content.arrayBuffer())) } };
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** The block as a bitmap. A data: URL in an <img> would need a wider content security policy. */
export function bitmapOf(block: ImageBlock): Promise<ImageBitmap> {
  const bytes = Uint8Array.from(atob(block.source.data), (char) => char.charCodeAt(0));
  return createImageBitmap(new Blob([bytes], { type: block.source.media_type }));
}
