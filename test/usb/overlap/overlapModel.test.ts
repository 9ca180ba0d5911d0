import { testOverlap } from './testOverlap.ts';

describe('overlap of SCSI commands, against the same host without it', () => testOverlap(300, 10_000));
