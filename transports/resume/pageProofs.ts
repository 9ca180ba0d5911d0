import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { isSameProof } from '../../codecs/core/sameProof.ts';
import type { ResumeProofs } from '../../src/resume/resumeSession.ts';

/** HMAC-SHA-256 where there is no `node:crypto`: the page's own is asynchronous. */
export const PAGE_PROOFS: ResumeProofs = {
  prove(key, text) {
    const mac = hmac.create(sha256, key);
    for (const part of text) mac.update(part);
    return mac.digest();
  },
  isSame: isSameProof,
};
