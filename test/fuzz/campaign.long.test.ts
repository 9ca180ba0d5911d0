import { testCampaign } from './campaign.ts';
import { testServerSessions } from './complaint.ts';
import { testMiddle } from './middle.ts';

describe('the fuzzer itself', () => testServerSessions(20_000));
testCampaign(1_000_000);
testMiddle(150);
