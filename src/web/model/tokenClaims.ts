/** What a token says about the connection that it is for, for people: only the gateway can tell whether it is true. */
export interface TokenClaims {
  /** Claim `sub`. */
  readonly user: string | undefined;
  /** Claim `tgt`. */
  readonly target: string | undefined;
}

const NOTHING: TokenClaims = { user: undefined, target: undefined };

/** Reads a JSON Web Token, [RFC 7519] 3, without a key. What is none has no claims. */
export function claimsIn(token: string): TokenClaims {
  const [, payload = ''] = token.split('.');
  try {
    const text = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const claims: unknown = JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (each) => each.charCodeAt(0))));
    return { user: textOf(claims, 'sub'), target: textOf(claims, 'tgt') };
  } catch {
    return NOTHING;
  }
}

function textOf(claims: unknown, name: string): string | undefined {
  if (typeof claims !== 'object' || claims === null) return undefined;
  const value: unknown = Reflect.get(claims, name);
  return typeof value === 'string' ? value : undefined;
}
