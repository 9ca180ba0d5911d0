import type { Requirement } from '../suite.ts';
import { ANNOUNCEMENT_REQUIREMENTS } from './announcement.ts';
import type { ClientGrading } from './clientGrading.ts';
import { COMPLETION_REQUIREMENTS } from './completions.ts';
import { DEVICE_TEXT_REQUIREMENTS } from './deviceText.ts';
import { IO_CONTROL_REQUIREMENTS } from './ioControls.ts';
import { OPENING_REQUIREMENTS } from './opening.ts';
import { SELECTION_REQUIREMENTS } from './selection.ts';

/** Everything that a client is graded by, in the order of the ids. */
export const CLIENT_REQUIREMENTS: readonly Requirement<ClientGrading>[] = [
  ...OPENING_REQUIREMENTS,
  ...ANNOUNCEMENT_REQUIREMENTS,
  ...COMPLETION_REQUIREMENTS,
  ...IO_CONTROL_REQUIREMENTS,
  ...DEVICE_TEXT_REQUIREMENTS,
  ...SELECTION_REQUIREMENTS,
].sort((left, right) => left.id.localeCompare(right.id));
