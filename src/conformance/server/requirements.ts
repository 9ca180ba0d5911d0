import type { Requirement } from '../suite.ts';
import { ANNOUNCEMENT_REQUIREMENTS } from './announcement.ts';
import { COMPLETION_REQUIREMENTS } from './completions.ts';
import { DYNAMIC_CHANNEL_REQUIREMENTS } from './dynamicChannels.ts';
import { LIFETIME_REQUIREMENTS } from './lifetime.ts';
import { MALFORMED_REQUIREMENTS } from './malformed.ts';
import { OPENING_REQUIREMENTS } from './opening.ts';
import { REPERTOIRE_REQUIREMENTS } from './repertoire.ts';
import { REQUEST_REQUIREMENTS } from './requests.ts';
import type { ServerGrading } from './serverGrading.ts';

/** Everything that a server is graded by, in the order of the ids. */
export const SERVER_REQUIREMENTS: readonly Requirement<ServerGrading>[] = [
  ...OPENING_REQUIREMENTS,
  ...ANNOUNCEMENT_REQUIREMENTS,
  ...REQUEST_REQUIREMENTS,
  ...COMPLETION_REQUIREMENTS,
  ...LIFETIME_REQUIREMENTS,
  ...MALFORMED_REQUIREMENTS,
  ...DYNAMIC_CHANNEL_REQUIREMENTS,
  ...REPERTOIRE_REQUIREMENTS,
].sort((left, right) => left.id.localeCompare(right.id));
