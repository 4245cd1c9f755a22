// The faults of situations.ts on Debian 13.
import { describeSituations } from './situations-suite.ts';

describeSituations('trixie');
