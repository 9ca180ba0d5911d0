import { expect } from 'chai';
import { formatSpec } from '../../codecs/core/errors.ts';
import { CLIENT_REQUIREMENTS } from '../../src/conformance/client/requirements.ts';
import { OsrFx2 } from '../../src/devices/virtual/osrFx2.ts';
import { LoopbackDevice } from '../devices/virtual/loopbackDevice.ts';
import { gradeOwnClient, type OwnClient, requirementOf, told } from './ownClient.ts';

const fx2: OwnClient = { redirects: () => [new OsrFx2()] };
const loopback: OwnClient = { redirects: () => [new LoopbackDevice()], traits: ['loopback'] };

/** What stands behind our client for each requirement; some are met with several things. */
const BEHIND: Readonly<Record<string, readonly OwnClient[]>> = {
  C01: [fx2, loopback],
  C02: [loopback, { redirects: () => [] }],
  C03: [fx2, loopback],
  C04: [fx2, loopback],
  C05: [0, 1, 3].map((devices) => ({
    devices,
    redirects: () => Array.from({ length: devices }, () => new LoopbackDevice()),
  })),
  C06: [fx2, loopback],
  C07: [loopback, fx2],
  C08: [fx2, loopback],
  C09: [fx2, loopback],
  C10: [fx2, loopback],
  C11: [fx2, loopback],
  C12: [fx2, loopback],
  C13: [fx2, loopback],
  C14: [fx2, loopback],
  C15: [fx2, loopback],
  C16: [fx2, loopback],
  C17: [fx2, loopback],
  C18: [fx2, loopback],
  C19: [fx2, loopback],
  C20: [fx2, loopback],
  C21: [fx2, loopback],
  C22: [fx2, loopback],
  C23: [fx2, loopback],
  C24: [fx2, loopback],
  C25: [fx2, loopback],
  C26: [fx2, loopback],
  C27: [fx2, loopback],
  C28: [fx2, loopback],
  C29: [fx2, loopback],
  C30: [fx2, loopback],
  C31: [fx2, loopback],
  C32: [fx2, loopback],
  C33: [fx2, loopback],
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
