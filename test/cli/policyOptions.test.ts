import { expect } from 'chai';
import { readPolicy, type PolicyOptions } from '../../src/cli/policyOptions.ts';
import { parseRule } from '../../src/policy/ruleText.ts';
import { device } from '../policy/devices.ts';

const COPY = device({ portPath: '5-1' }, ['ff/00/00'], { isRedirected: true });

/** What becomes of a device that came here by redirection. */
async function decisionAboutCopy(options: PolicyOptions) {
  const policy = await readPolicy(options);
  return policy?.(COPY).rule;
}

const allow = (...conditions: string[]): PolicyOptions => ({
  allow: conditions.map((condition, place) => ({ place, rule: parseRule(`allow ${condition}`, '--allow') })),
});

describe('a device that came here by redirection', () => {
  it('is not sent on by rules that do not speak of it', async () => {
    expect(await decisionAboutCopy(allow('*'))).to.equal('deny redirected');
    expect(await decisionAboutCopy({ auto: true })).to.equal('deny redirected');
    expect(await decisionAboutCopy({ usb: 'auto' })).to.equal('deny redirected');
  });

  it('is sent on by a rule that does', async () => {
    expect(await decisionAboutCopy(allow('redirected port 5-1'))).to.equal('allow redirected port 5-1');
    expect(await decisionAboutCopy({ auto: true, ...allow('redirected') })).to.equal('allow redirected');
  });

  it('has no policy at all where no option asks for one', async () => {
    expect(await readPolicy({})).to.equal(undefined);
  });
});
