/** What a token says about the connection that it is for, for people: only the gateway can tell whether it is true. */
export interface TokenClaims {
  /** Claim `sub`. */
  readonly user: string | undefined;
  /** Claim `tgt`. */
  readonly target: string | undefined;
  /** Claim `reuse`: seconds for which a connection that was cut may be resumed with the same token. 0: not at all. */
  readonly hold: number;
}

/** Seconds: drivers of disks wait for 30. */
const LONGEST_HOLD = 25;

const NOTHING: TokenClaims = { user: undefined, target: undefined, hold: 0 };

/** Reads a JSON Web Token, [RFC 7519] 3, without a key. What is none has no claims. */
export function claimsIn(token: string): TokenClaims {
  const [, payload = ''] = token.split('.');
  try {
    const text = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const claims: unknown = JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (each) => each.charCodeAt(0))));
    return { user: textOf(claims, 'sub'), target: textOf(claims, 'tgt'), hold: holdOf(claims) };
  } catch {
    return NOTHING;
  }
}

function valueOf(claims: unknown, name: string): unknown {
  return typeof claims === 'object' && claims !== null ? Reflect.get(claims, name) : undefined;
}

function textOf(claims: unknown, name: string): string | undefined {
  const value = valueOf(claims, name);
  return typeof value === 'string' ? value : undefined;
}

function holdOf(claims: unknown): number {
  const seconds = valueOf(claims, 'reuse');
  return typeof seconds === 'number' && seconds > 0 ? Math.min(Math.floor(seconds), LONGEST_HOLD) : 0;
}
