/** A bucket of tokens: `burst` at once after a quiet time, `perSecond` for long. */
export interface Rate {
  /** Takes one and says how many milliseconds to wait before using it; 0 is now. Those who ask later wait longer. */
  take(nowMs: number): number;
}

export function createRate(perSecond: number, burst: number): Rate {
  let tokens = burst;
  let at: number | undefined;
  return {
    take(nowMs) {
      // A clock that steps back gives nothing and takes nothing.
      const passed = at === undefined ? 0 : Math.max(0, nowMs - at);
      at = nowMs;
      tokens = Math.min(burst, tokens + (passed * perSecond) / 1000) - 1;
      return tokens >= 0 ? 0 : Math.ceil((-tokens * 1000) / perSecond);
    },
  };
}
