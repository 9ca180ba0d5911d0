import { SPNEGO_PROTOCOL } from '../../../codecs/spnego/spnegoProtocol.ts';
import { testVectors, vectorsOf } from '../vectors.ts';

describe('SPNEGO_PROTOCOL', () => {
  testVectors(vectorsOf(SPNEGO_PROTOCOL, 'folder'));
});
