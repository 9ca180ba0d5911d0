import { expect } from 'chai';
import { formatSpec } from '../../codecs/core/errors.ts';
import { SERVER_REQUIREMENTS } from '../../src/conformance/server/requirements.ts';
import { gradeOwnServer } from './ownServer.ts';
import { told } from './ownClient.ts';

describe('conformance of our own server', () => {
  for (const { id, title, sections } of SERVER_REQUIREMENTS) {
    it(`${id} ${title} (${sections.map(formatSpec).join(', ')})`, async () => {
      expect(told(await gradeOwnServer(id))).to.equal('pass');
    });
  }

  it('is graded by all 22 requirements', () => {
    const ids = Array.from({ length: 22 }, (_, index) => `S${String(index + 1).padStart(2, '0')}`);
    expect(SERVER_REQUIREMENTS.map(({ id }) => id)).to.deep.equal(ids);
  });
});

describe('conformance of a server that nothing drives', () => {
  for (const { id } of SERVER_REQUIREMENTS) {
    const needsProgram = ['S15', 'S16', 'S17', 'S22'].includes(id);
    it(`${id} is ${needsProgram ? 'not applicable' : 'met'}`, async () => {
      const { outcome } = await gradeOwnServer(id, { withoutProgram: true });
      expect(outcome).to.equal(needsProgram ? 'notApplicable' : 'pass');
    });
  }
});
