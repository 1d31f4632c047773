/** Numbers and times as people read them. */

/** `0:03.2`; with hours from 60 minutes on. */
export function clock(seconds: number, digits = 1): string {
  const scale = 10 ** digits;
  const all = Math.max(0, Math.round(seconds * scale)) / scale;
  const hours = Math.floor(all / 3600);
  const minutes = Math.floor((all % 3600) / 60);
  const rest = (all % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** Minutes and seconds without fractions. */
export const minutes = (seconds: number): string => clock(seconds, 0);

export function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** With a true minus. */
export function signed(value: number, digits = 1): string {
  return value.toFixed(digits).replace("-", "−");
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}

export function bytes(n: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = n;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 10 && unit ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** Day and time, short. */
export function when(time: number | string): string {
  const date = new Date(typeof time === "number" ? time * 1000 : time);
  const isToday = date.toDateString() === new Date().toDateString();
  return date.toLocaleString("en-GB", {
    ...(isToday ? {} : { day: "numeric", month: "short" }),
    hour: "2-digit",
    minute: "2-digit",
  });
}
