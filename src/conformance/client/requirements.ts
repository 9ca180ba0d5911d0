import type { Requirement } from '../suite.ts';
import { ANNOUNCEMENT_REQUIREMENTS } from './announcement.ts';
import { CANCELLING_REQUIREMENTS } from './cancelling.ts';
import type { ClientGrading } from './clientGrading.ts';
import { COMPLETION_REQUIREMENTS } from './completions.ts';
import { CONTROL_REQUIREMENTS } from './controlRequests.ts';
import { DEVICE_TEXT_REQUIREMENTS } from './deviceText.ts';
import { ENDING_REQUIREMENTS } from './ending.ts';
import { IO_CONTROL_REQUIREMENTS } from './ioControls.ts';
import { ISOCHRONOUS_REQUIREMENTS } from './isochronous.ts';
import { MALFORMED_REQUIREMENTS } from './malformed.ts';
import { OPENING_REQUIREMENTS } from './opening.ts';
import { PIPE_REQUIREMENTS } from './pipes.ts';
import { SELECTION_REQUIREMENTS } from './selection.ts';

/** Everything that a client is graded by, in the order of the ids. */
export const CLIENT_REQUIREMENTS: readonly Requirement<ClientGrading>[] = [
  ...OPENING_REQUIREMENTS,
  ...ANNOUNCEMENT_REQUIREMENTS,
  ...COMPLETION_REQUIREMENTS,
  ...IO_CONTROL_REQUIREMENTS,
  ...DEVICE_TEXT_REQUIREMENTS,
  ...SELECTION_REQUIREMENTS,
  ...PIPE_REQUIREMENTS,
  ...CONTROL_REQUIREMENTS,
  ...ISOCHRONOUS_REQUIREMENTS,
  ...CANCELLING_REQUIREMENTS,
  ...ENDING_REQUIREMENTS,
  ...MALFORMED_REQUIREMENTS,
].sort((left, right) => left.id.localeCompare(right.id));
