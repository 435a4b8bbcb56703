//! One way to the backend. Adds what proves who we are, and turns answers into values or `ApiFailure`.

import { ApiFailure } from './failure';

/** What the session knows and every request needs. */
export const credentials: { csrf: string | null } = { csrf: null };

/** Told about every answer: whether somebody answered at all, and whether we were known. */
export const observers: { reached: (ok: boolean) => void; refused: () => void } = {
  reached: () => undefined,
  refused: () => undefined,
};

export type Options = { signal?: AbortSignal; headers?: Record<string, string>; quiet?: boolean };

export function headers(method: string): Record<string, string> {
  const head: Record<string, string> = {};
  if (credentials.csrf && method !== 'GET') head['x-switchboard-csrf'] = credentials.csrf;
  return head;
}

/** Sends and hands back the raw answer; throws `ApiFailure` unless it is a success. */
export async function send(method: string, path: string, body?: unknown, options: Options = {}): Promise<Response> {
  const head = { ...headers(method), ...options.headers };
  // Writes are JSON even when empty: the boundary takes nothing else.
  if (method !== 'GET') head['content-type'] = 'application/json';
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers: head,
      body: method === 'GET' ? null : body === undefined ? '' : JSON.stringify(body),
      signal: options.signal ?? null,
      cache: 'no-store',
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    observers.reached(false);
    throw new ApiFailure(0, 'unreachable_backend', String(error));
  }
  // A development proxy in front answers for a backend that is not there.
  if ([502, 503, 504].includes(answer.status) && !isJson(answer)) observers.reached(false);
  else observers.reached(true);
  if (answer.ok) return answer;
  const failure = await read(answer);
  if (failure.status === 401 && !options.quiet) observers.refused();
  throw failure;
}

export async function call<T>(method: string, path: string, body?: unknown, options?: Options): Promise<T> {
  const answer = await send(method, path, body, options);
  if (answer.status === 204) return undefined as T;
  // A page instead of JSON is the fallback of a server that does not know the route.
  if (!isJson(answer)) throw new ApiFailure(404, 'unknown_route', '');
  return (await answer.json()) as T;
}

export const get = <T>(path: string, options?: Options): Promise<T> => call('GET', path, undefined, options);
export const post = <T>(path: string, body?: unknown, options?: Options): Promise<T> => call('POST', path, body, options);
export const put = <T>(path: string, body: unknown): Promise<T> => call('PUT', path, body);
export const patch = <T>(path: string, body: unknown): Promise<T> => call('PATCH', path, body);
export const del = (path: string): Promise<void> => call('DELETE', path);

/** A query string of the members that say something; empty when none does. */
export function query(members: Record<string, string | number | boolean | null | undefined>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(members)) {
    if (value === null || value === undefined || value === '' || value === false) continue;
    parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text && `?${text}`;
}

function isJson(answer: Response): boolean {
  return answer.headers.get('content-type')?.includes('json') ?? false;
}

async function read(answer: Response): Promise<ApiFailure> {
  const wait = Number(answer.headers.get('retry-after'));
  const retryAfter = Number.isFinite(wait) && wait > 0 ? wait : null;
  const text = await answer.text().catch(() => '');
  try {
    const { code, message, params } = JSON.parse(text) as Partial<{ code: string; message: string; params: Record<string, string> }>;
    return new ApiFailure(answer.status, code ?? '', message ?? text, params ?? {}, retryAfter);
  } catch {
    return new ApiFailure(answer.status, '', text || answer.statusText, {}, retryAfter);
  }
}
