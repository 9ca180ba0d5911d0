import { createHmac, randomBytes } from 'node:crypto';
import { KEY_SIZE, SESSION_ID_SIZE } from '../../codecs/resume/resumeMessages.ts';
import type { ResumeProofs, ResumeSecrets } from '../../src/resume/resumeSession.ts';
import { isSameDigest } from '../secrets.ts';

/** HMAC-SHA-256. */
export const PROOFS: ResumeProofs = {
  prove(key, text) {
    const hmac = createHmac('sha256', key);
    for (const part of text) hmac.update(part);
    return hmac.digest();
  },
  isSame: isSameDigest,
};

/** The system's random numbers. */
export function newSecrets(): ResumeSecrets {
  return { sessionId: randomBytes(SESSION_ID_SIZE), key: randomBytes(KEY_SIZE) };
}
