/**
 * A duration as `kubectl get` prints ages: two units at most, coarser the longer it is (apimachinery,
 * `util/duration/duration.go`, `HumanDuration`).
 *
 * @param seconds may have a fraction, which is cut
 */
export function humanDuration(seconds: number): string {
  const total = Math.trunc(seconds);
  if (total < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (total < 120) return `${total}s`;
  const minutes = Math.trunc(total / 60);
  if (minutes < 10) return two(minutes, "m", total % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return two(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 192) return two(days, "d", hours % 24, "h");
  const years = Math.trunc(days / 365);
  if (years < 2) return `${days}d`;
  return years < 8 ? two(years, "y", days % 365, "d") : `${years}y`;
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
