// The one part of systeminformation that is loaded: the whole of it would cost the daemon 5 MB. It has types as a whole only.
declare module 'systeminformation/lib/memory.js' {
  export { mem } from 'systeminformation';
}
