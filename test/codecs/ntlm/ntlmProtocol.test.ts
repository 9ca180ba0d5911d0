import { NTLM_PROTOCOL } from '../../../codecs/ntlm/ntlmProtocol.ts';
import { testVectors, vectorsOf } from '../vectors.ts';

describe('NTLM_PROTOCOL', () => {
  testVectors(vectorsOf(NTLM_PROTOCOL, 'folder'));
});
