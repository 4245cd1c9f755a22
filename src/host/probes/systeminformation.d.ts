// The one part of systeminformation that is loaded: the whole of it would cost the daemon 5 MB. It has types as a whole only.
declare module 'systeminformation/lib/memory.js' {
  import type { mem } from 'systeminformation';
  // Not by name: the bundle has of a CommonJS module that is loaded late its whole alone.
  const memory: { readonly mem: typeof mem };
  export default memory;
}
