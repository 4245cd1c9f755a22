// Preloaded into a process (`node --import`): its clock is off by SUNK_CLOCK_SHIFT milliseconds.
const shift = Number(process.env['SUNK_CLOCK_SHIFT'] ?? 0);
const RealDate = Date;

globalThis.Date = new Proxy(RealDate, {
  construct(target, args: unknown[], newTarget) {
    const shifted = args.length === 0 ? [RealDate.now() + shift] : args;
    return Reflect.construct(target, shifted, newTarget) as object;
  },
  get(target, name, receiver) {
    if (name === 'now') return () => RealDate.now() + shift;
    return Reflect.get(target, name, receiver) as unknown;
  },
});
