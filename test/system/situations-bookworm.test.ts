// The faults of situations.ts on Debian 12.
import { describeSituations } from './situations-suite.ts';

describeSituations('bookworm');
