// Until when sshd will take the keys of a key file, as the file itself says.

/** The earliest `expiry-time` with `Z`, epoch seconds; null where there is none that can be read without a time zone. */
export function readExpiry(text: string): number | null {
  const times = [...text.matchAll(/^expiry-time="(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z"/gm)].map(
    ([, year, month, day, hour, minute, second]) =>
      Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) / 1000,
  );
  const earliest = Math.min(...times);
  return Number.isFinite(earliest) ? earliest : null;
}
