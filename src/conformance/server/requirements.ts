import type { Requirement } from '../suite.ts';
import { ANNOUNCEMENT_REQUIREMENTS } from './announcement.ts';
import { OPENING_REQUIREMENTS } from './opening.ts';
import { REQUEST_REQUIREMENTS } from './requests.ts';
import type { ServerGrading } from './serverGrading.ts';

/** Everything that a server is graded by, in the order of the ids. */
export const SERVER_REQUIREMENTS: readonly Requirement<ServerGrading>[] = [
  ...OPENING_REQUIREMENTS,
  ...ANNOUNCEMENT_REQUIREMENTS,
  ...REQUEST_REQUIREMENTS,
].sort((left, right) => left.id.localeCompare(right.id));
