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
});
