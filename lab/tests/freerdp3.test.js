// The FreeRDP that lab/freerdp3 fetches.
import { describeSessions } from './freerdpSessions.js';

describeSessions('xfreerdp3', /FreeRDP version 3\./);
