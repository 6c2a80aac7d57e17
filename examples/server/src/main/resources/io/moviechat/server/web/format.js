// Times and sizes for people.

export function clock(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, '0');
  const hours = Math.floor(s / 3600);
  const rest = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** A span of time; tenths where whole seconds would not tell its ends apart. */
export function span(start, end) {
  if (clock(start) !== clock(end)) return `${clock(start)}–${clock(end)}`;
  const tenths = (seconds) => `${clock(seconds)}.${Math.floor(seconds * 10) % 10}`;
  return tenths(start) === tenths(end) ? tenths(start) : `${tenths(start)}–${tenths(end)}`;
}

export const count = (n, what) => `${n} ${what}${n === 1 ? '' : 's'}`;

export function spoken(seconds) {
  const s = Math.round(seconds);
  const minutes = Math.floor(s / 60);
  const parts = [];
  if (minutes >= 60) parts.push(`${Math.floor(minutes / 60)} h`);
  if (minutes % 60) parts.push(`${minutes % 60} min`);
  if (s % 60 || !parts.length) parts.push(`${s % 60} s`);
  return parts.join(' ');
}

export function bytes(n) {
  if (n < 1000) return `${n} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = n;
  let unit = -1;
  while (value >= 1000 && unit < 3) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export const tierName = (tier) => (tier.startsWith('long') ? 'long-term' : tier.startsWith('short') ? 'recent' : tier);
