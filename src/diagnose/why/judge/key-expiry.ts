// When the keys of a key file expire, as the file itself has it.

/** The earliest `expiry-time` with `Z`, epoch seconds; null: none can be read without a time zone. */
export function readExpiry(text: string): number | null {
  const times = [...text.matchAll(/^expiry-time="(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z"/gm)].map(
    ([, year, month, day, hour, minute, second]) =>
      Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) / 1000,
  );
  const earliest = Math.min(...times);
  return Number.isFinite(earliest) ? earliest : null;
}
