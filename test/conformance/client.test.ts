import { expect } from 'chai';
import { formatSpec } from '../../codecs/core/errors.ts';
import { CLIENT_REQUIREMENTS } from '../../src/conformance/client/requirements.ts';
import { LoopbackDevice } from '../devices/virtual/loopbackDevice.ts';
import { gradeOwnClient, type OwnClient, requirementOf, told } from './ownClient.ts';

const loopback: OwnClient = { redirects: () => [new LoopbackDevice()], traits: ['loopback'] };

/** What stands behind our client for each requirement; some are met with several things. */
const BEHIND: Readonly<Record<string, readonly OwnClient[]>> = {
  C01: [loopback],
  C02: [loopback, { redirects: () => [] }],
  C03: [loopback],
  C04: [loopback],
  C05: [0, 1, 3].map((devices) => ({
    devices,
    redirects: () => Array.from({ length: devices }, () => new LoopbackDevice()),
  })),
  C06: [loopback],
};

const nameOf = (id: string) => {
  const { title, sections } = requirementOf(id);
  return `${id} ${title} (${sections.map(formatSpec).join(', ')})`;
};

describe('conformance of our own client', () => {
  for (const [id, clients] of Object.entries(BEHIND)) {
    it(nameOf(id), async () => {
      for (const client of clients) expect(told(await gradeOwnClient(id, client))).to.equal('pass');
    });
  }

  it('is tested for every requirement', () => {
    expect(Object.keys(BEHIND).sort()).to.deep.equal(CLIENT_REQUIREMENTS.map(({ id }) => id));
  });
});
