import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { connectionSettings } from '../../src/engine/options.ts';

const PAGE = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8');

/** `4096` and `16 MiB` as numbers. */
function numberOf(text: string): number {
  const [, digits = '', unit] = /^(\d+)( MiB)?$/.exec(text) ?? [];
  return Number(digits) * (unit === undefined ? 1 : 1024 * 1024);
}

describe('docs/architecture.md', () => {
  it('has every limit and timer with its default', () => {
    const { limits, timers } = connectionSettings({});
    const rows = [...PAGE.matchAll(/^\| `(\w+)` +\| (\d+(?: MiB)?) +\|/gm)];
    const stated = Object.fromEntries(rows.map(([, name = '', value = '']) => [name, numberOf(value)]));
    expect(stated).to.deep.equal({ ...limits, ...timers });
  });
});
