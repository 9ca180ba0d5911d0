import type { Requirement } from '../suite.ts';
import { ANNOUNCEMENT_REQUIREMENTS } from './announcement.ts';
import type { ClientGrading } from './clientGrading.ts';
import { OPENING_REQUIREMENTS } from './opening.ts';

/** Everything that a client is graded by, in the order of the ids. */
export const CLIENT_REQUIREMENTS: readonly Requirement<ClientGrading>[] = [
  ...OPENING_REQUIREMENTS,
  ...ANNOUNCEMENT_REQUIREMENTS,
].sort((left, right) => left.id.localeCompare(right.id));
