// Types for the one part of systeminformation that is loaded: the whole package would cost the daemon 5 MB.
declare module 'systeminformation/lib/memory.js' {
  import type { mem } from 'systeminformation';
  // A default export: of a CommonJS module that is imported lazily the bundle exposes only that.
  const memory: { readonly mem: typeof mem };
  export default memory;
}
