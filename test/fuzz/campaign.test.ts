import { testCampaign } from './campaign.ts';
import { testMiddle } from './middle.ts';

testCampaign(20_000);
testMiddle(24);
