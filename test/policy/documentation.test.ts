import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { formatRule, parseRule, parseRules } from '../../src/policy/ruleText.ts';
import { SAFE_DEFAULTS } from '../../src/policy/safeDefaults.ts';

const page = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');

describe('docs/policy.md', () => {
  it('has an example that can be read', () => {
    const [, example = ''] = /```\n(# usb\.rules\n.*?)```/s.exec(page) ?? [];
    const { rules, otherwise } = parseRules(example, 'usb.rules');
    expect(rules).to.have.length(5);
    expect(otherwise).to.equal('deny');
  });

  it('lists conditions that can be read', () => {
    const [, table = ''] = /\| condition +\|[^\n]*\n[^\n]*\n(.*?)\n\n/s.exec(page) ?? [];
    const conditions = table.split('\n').flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)]);
    expect(conditions).to.have.length.above(15);
    for (const [, condition = ''] of conditions) parseRule(`allow ${condition}`, 'docs/policy.md');
  });

  it('lists the safe defaults', () => {
    const listed = [...page.matchAll(/^\| `(deny [^`]+)` +\|/gm)].map(([, rule]) => rule);
    expect(listed).to.deep.equal(SAFE_DEFAULTS.map(formatRule));
  });
});
