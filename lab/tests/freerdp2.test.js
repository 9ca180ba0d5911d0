// Debian 12's own FreeRDP.
import { describeSessions } from './freerdpSessions.js';

describeSessions('xfreerdp', /FreeRDP version 2\.11\./);
