import { readdir, readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import { UsageError } from '../../codecs/core/errors.ts';
import { cookieFor, newVisitor, visitorIn } from '../../transports/webSocket/visitorCookie.ts';
import type { AnswerHttp, HttpAnswer } from '../../transports/webSocket/webSocketAcceptor.ts';

interface Page {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly compressed: Uint8Array;
}

/** What the pages consist of. */
const TYPES: Readonly<Partial<Record<string, string>>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** Nothing from elsewhere, no code but that of the files, no text that becomes code, and no frame around the page. */
const CONTENT_SECURITY = [
  "default-src 'none'",
  ...['script-src', 'style-src', 'connect-src'].map((what) => `${what} 'self'`),
  // Of a console's screen noVNC makes such images: parts of it, and the shape of its mouse.
  "img-src 'self' data:",
  ...['base-uri', 'form-action', 'frame-ancestors'].map((what) => `${what} 'none'`),
  "require-trusted-types-for 'script'",
].join('; ');
const HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY,
  'Permissions-Policy': 'usb=(self), serial=(self), hid=(), camera=(), microphone=(), geolocation=()',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};
/** Names of these files change with what is in them. */
const HASHED = 'assets/';

/**
 * Reads the pages in a folder, all of them into memory, and answers requests for them: at the address of a WebSocket, and below it.
 *
 * @param path of the WebSocket, `/usb`: its pages are at `/usb/` and `/usb/NAME`
 * @throws UsageError when there is none
 */
export async function openPages(folder: string, path: string): Promise<AnswerHttp> {
  const base = path.endsWith('/') ? path : `${path}/`;
  const pages = await readPages(folder, base);
  return ({ method, url = '', headers }) => {
    const [asked = ''] = url.split('?', 1);
    if (method !== 'GET' && method !== 'HEAD') return told(405, 'use GET', { Allow: 'GET, HEAD' });
    // Relative, as a proxy may have this at another path.
    if (asked === path && path !== base)
      return told(308, 'the page', { Location: `${path.slice(path.lastIndexOf('/') + 1)}/` });
    const page = pages.get(asked);
    if (page === undefined) return told(404, 'there is no such page here');
    // With the page: two connections of a page that was just opened would get one each, and the later one counts.
    const isNew =
      page.headers['Content-Type']?.startsWith('text/html') === true && visitorIn(headers.cookie) === undefined;
    const known = isNew ? { ...page.headers, 'Set-Cookie': cookieFor(newVisitor()) } : page.headers;
    const isCompressed = /\bgzip\b/.test(headers['accept-encoding']?.toString() ?? '');
    if (!isCompressed) return { status: 200, headers: known, body: page.body };
    return { status: 200, headers: { ...known, 'Content-Encoding': 'gzip' }, body: page.compressed };
  };
}

/**
 * Answers load balancers at `PATH/health`, and leaves the rest to the pages.
 *
 * @param path of the WebSocket
 * @param isWell whether somebody who comes now can be let in
 */
export function withHealth(path: string, isWell: () => boolean, pages: AnswerHttp | undefined): AnswerHttp {
  const place = `${path.replace(/\/$/, '')}/health`;
  return (request) => {
    const [asked] = (request.url ?? '').split('?', 1);
    if (asked !== place || !(request.method === 'GET' || request.method === 'HEAD')) return pages?.(request);
    const headers = { 'Cache-Control': 'no-store' };
    return isWell() ? told(200, 'ok', headers) : told(503, 'tokens cannot be looked up now', headers);
  };
}

async function readPages(folder: string, base: string): Promise<ReadonlyMap<string, Page>> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const pages = new Map<string, Page>();
  for (const name of names) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const body = await readFile(join(folder, name));
    const place = name.split(sep).join('/');
    const cache = place.startsWith(HASHED) ? 'public, max-age=31536000, immutable' : 'no-cache';
    const headers = { ...HEADERS, 'Content-Type': type, 'Cache-Control': cache, Vary: 'Accept-Encoding' };
    pages.set(base + place.replace(/(?:^|(?<=\/))index\.html$|\.html$/, ''), {
      headers,
      body,
      compressed: gzipSync(body),
    });
  }
  if (pages.has(base)) return pages;
  throw new UsageError(`there are no pages in ${folder}: npm run build makes them`);
}

function told(status: number, line: string, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  const body = new TextEncoder().encode(`${line}\n`);
  return { status, headers: { ...HEADERS, ...headers, 'Content-Type': 'text/plain; charset=utf-8' }, body };
}
