import { CSSP_PROTOCOL } from '../../../codecs/cssp/csspProtocol.ts';
import { testVectors, vectorsOf } from '../vectors.ts';

describe('CSSP_PROTOCOL', () => {
  testVectors(vectorsOf(CSSP_PROTOCOL, 'folder'));
});
