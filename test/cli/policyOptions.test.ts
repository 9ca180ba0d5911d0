import { expect } from 'chai';
import { readRules, type PolicyOptions } from '../../src/cli/policyOptions.ts';
import { parseRule } from '../../src/policy/ruleText.ts';
import { device } from '../policy/devices.ts';
import { run } from './program.ts';

const COPY = device({ portPath: '5-1' }, ['ff/00/00'], { isRedirected: true });

/** What becomes of a device that came here by redirection. */
async function decisionAboutCopy(options: PolicyOptions) {
  const { policy } = await readRules(options);
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
    expect((await readRules({})).policy).to.equal(undefined);
  });
});

describe('a device of a seat', () => {
  const at = (seat: string, portPath = '1-2', deviceClass = 0) =>
    device({ portPath, deviceClass }, ['ff/00/00'], {
      mounted: false,
      isRootDisk: false,
      carriesDefaultRoute: false,
      seat,
    });

  it('goes with --seat and no other does, a hub neither', async () => {
    const { policy } = await readRules({ seat: 'seat1' });
    expect(policy?.(at('seat1')).action).to.equal('allow');
    expect(policy?.(at('seat0')).action).to.equal('deny');
    expect(policy?.(at('seat1', '1-2', 9)).rule).to.equal('deny device-class 09');
    expect(policy?.(COPY).rule).to.equal('deny redirected');
  });

  it('goes with --seat as the rules before it say', async () => {
    const { policy } = await readRules({
      seat: 'seat1',
      deny: [{ place: 1, rule: parseRule('deny port 1-3', '--deny') }],
    });
    expect(policy?.(at('seat1', '1-3')).action).to.equal('deny');
    expect(policy?.(at('seat1', '1-4')).action).to.equal('allow');
  });

  it('stays with --auto where it is of another seat than the one at which the user sits', async () => {
    const { policy: auto } = await readRules({ auto: true }, undefined, 'seat1');
    expect(auto?.(at('seat1')).action).to.equal('allow');
    expect(auto?.(at('seat0')).reason).to.equal('denied by deny seat seat0 (safe default: another seat)');
    const { policy: nobody } = await readRules({ auto: true });
    expect(nobody?.(at('seat0')).action).to.equal('allow');
    expect(nobody?.(at('seat1')).action).to.equal('deny');
    const { policy: named } = await readRules({ auto: true, ...allow('seat seat1') }, undefined, 'seat0');
    expect(named?.(at('seat1')).action).to.equal('allow');
  });

  it('is of a seat that can be one', async () => {
    const { status, stderr } = await run(['list', '--seat', 'chair1']);
    expect(status).to.equal(2);
    expect(stderr).to.include('it begins with seat');
  });
});
