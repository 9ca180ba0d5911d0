import { createRequire } from 'node:module';

/** This package's version. */
export function packageVersion(): string {
  const description: unknown = createRequire(import.meta.url)('urbdrc/package.json');
  const hasVersion = typeof description === 'object' && description !== null && 'version' in description;
  return hasVersion ? String(description.version) : 'unknown';
}
