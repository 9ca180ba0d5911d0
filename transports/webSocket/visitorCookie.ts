import { randomBytes } from 'node:crypto';

/** Browsers take a cookie of such a name only from the host itself, by TLS, and for all of it. */
const NAME = '__Host-urbdrc';
const BYTES = 16;
const VISITOR = new RegExp(`(?:^|; *)${NAME}=([\\w-]{22})(?:;|$)`);

/** Which browser sent a request, by the cookie that it was given; undefined for one that has none. @param cookies the header field */
export function visitorIn(cookies: string | undefined): string | undefined {
  return VISITOR.exec(cookies ?? '')?.[1];
}

/** The name by which a page wants to be known when it comes again, in its query; undefined where it has none. */
export function pageNameIn(query: string | undefined): string | undefined {
  return new URLSearchParams(query).get('page') || undefined;
}

export function newVisitor(): string {
  return randomBytes(BYTES).toString('base64url');
}

/** The value of the header field Set-Cookie: no script sees it, and no page of another site makes a browser send it. */
export function cookieFor(visitor: string): string {
  return `${NAME}=${visitor}; Path=/; Secure; HttpOnly; SameSite=Strict`;
}
