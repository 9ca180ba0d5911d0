import { testOverlap } from './testOverlap.ts';

describe('overlap of SCSI commands, against the same host without it', () => testOverlap(20_000, 1_000_000));
