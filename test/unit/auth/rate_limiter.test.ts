import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { RateLimiter, type RateLimiterOptions } from "../../../src/auth/rate_limiter.ts";

/** A limiter whose clock is in seconds: 2 a second and 5 at once unless said. */
function limiter(options: Partial<RateLimiterOptions> = {}) {
  let now = 0;
  const made = new RateLimiter({ perSecond: 2, burst: 5, now: () => new Date(now), ...options });
  return {
    made,
    at: (seconds: number) => void (now = seconds * 1000),
    /** How many of so many are let through. */
    take: (key: string, count: number): number =>
      Array.from({ length: count }, () => made.take(key)).filter((wait) => wait === undefined).length,
  };
}

test("a burst goes through, and then a steady rate", () => {
  const { at, take } = limiter();
  assert.is(take("a", 100), 5);
  let through = 0;
  for (let tenth = 1; tenth <= 600; tenth++) {
    at(tenth / 10);
    through += take("a", 3);
  }
  assert.is(through, 120);
});

test("who waits gets a burst again, and no more", () => {
  const { at, take } = limiter();
  take("a", 5);
  at(2.499);
  assert.is(take("a", 9), 4);
  at(1000);
  assert.is(take("a", 9), 5);
});

test("keys do not take from each other", () => {
  const { take } = limiter();
  assert.is(take("a", 9), 5);
  assert.is(take("b", 9), 5);
  for (const key of ["", "__proto__", "constructor"]) assert.is(take(key, 9), 5, key);
});

test("the wait is in whole seconds, rounded up, at least one", () => {
  for (
    const [perSecond, after, wait] of [
      [2, 0, 1],
      [1, 0, 1],
      [0.9, 0, 2],
      [0.5, 0, 2],
      [0.5, 0.5, 2],
      [0.5, 1, 1],
      [0.5, 1.9, 1],
      [0.1, 0, 10],
      [0.1, 0.5, 10],
      [1 / 3, 0, 3],
      [1000, 0, 1],
    ] as const
  ) {
    const { at, made } = limiter({ perSecond, burst: 1 });
    made.take("a");
    at(after);
    if (perSecond * after < 1) assert.is(made.take("a"), wait, `${perSecond} ${after}`);
  }
});

test("who waits as long as was said is let through", () => {
  const rates = fc.double({ min: 1e-3, max: 100, noNaN: true });
  const pauses = fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { maxLength: 20 });
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 9 }), pauses, (perSecond, burst, pauses) => {
      const { at, made, take } = limiter({ perSecond, burst });
      let seconds = 0;
      for (const pause of pauses) {
        seconds += pause;
        at(seconds);
        take("a", burst);
        const wait = made.take("a") ?? 0;
        at(seconds += wait);
        if (wait > 0) assert.is(made.take("a"), undefined);
      }
    }),
    { seed: 4, numRuns: 300 },
  );
});

test("a clock that is put back gives nothing and takes nothing", () => {
  const { at, take } = limiter();
  at(1000);
  assert.is(take("a", 9), 5);
  at(0);
  assert.is(take("a", 9), 0);
  at(1);
  assert.is(take("a", 9), 2, "time goes on from there");
  take("b", 3);
  at(0);
  assert.is(take("b", 9), 2);
});

test("a flood of keys neither grows the memory nor gives an exhausted key anything", () => {
  const { at, made, take } = limiter({ maxKeys: 1000 });
  assert.is(take("a", 9), 5);
  for (let i = 0; i < 1e5; i++) made.take(`flood ${i}`);
  assert.is(made.size, 1000);
  assert.is(take("a", 9), 0);
  for (let i = 0; i < 1e5; i++) {
    at(i / 1e5);
    made.take(`again ${i}`);
  }
  assert.is(made.size, 1000);
  assert.ok(take("a", 9) <= 2);
});

test("keys without room share one bucket until others have all their tokens again", () => {
  const { at, made, take } = limiter({ maxKeys: 2 });
  take("a", 5);
  take("b", 1);
  assert.is(take("c", 3) + take("d", 3), 5);
  assert.is(made.take("e"), 1);
  assert.is(made.size, 2);
  at(2);
  assert.is(take("b", 9), 5, "who has room keeps it");
  assert.is(take("c", 9), 4);
  at(2.5);
  assert.is(take("c", 9), 1, "the oldest is forgotten when it is full, and begins with what the others left");
  assert.is(made.size, 2);
  assert.is(take("a", 9), 1, "who was forgotten is one of the others");
});

test("an exhausted key or a few keep nobody else from being told apart", () => {
  for (const exhausted of [1, 7, 8, 30]) {
    const { at, made, take } = limiter({ perSecond: 1, burst: 1000, maxKeys: 100 });
    for (let i = 0; i < exhausted; i++) take(`exhausted ${i}`, 1000);
    for (let i = exhausted; i < 100; i++) take(`once ${i}`, 1);
    at(10);
    // as long as it is one of those that share, it leaves them little; each try looks at a few more
    take("new", 990);
    assert.ok(take("last", 999) > 900, `${exhausted}`);
    assert.is(made.size, 100);
    assert.is(take("exhausted 0", 1000), 10, "nothing is given to who has used up its own");
  }
});

test("options that let nobody or everybody through, or tell nobody apart, are a mistake", () => {
  const bad = {
    perSecond: [0, -1, NaN, Infinity],
    burst: [0, 0.9, NaN, Infinity],
    maxKeys: [0, -1, 0.5, NaN, Infinity],
  };
  for (const [name, values] of Object.entries(bad)) {
    for (const value of values) {
      assert.throws(
        () => limiter({ [name]: value }),
        (error: unknown) => error instanceof TypeError,
        `${name} ${value}`,
      );
    }
  }
});

test("no key ever gets more than the burst and what time gave, whatever the others do and however the clock goes", () => {
  const step = fc.record({
    key: fc.integer({ min: 0, max: 6 }),
    count: fc.integer({ min: 1, max: 9 }),
    pause: fc.oneof(fc.constant(0), fc.integer({ min: -3000, max: 3000 })),
  });
  const options = { perSecond: fc.constantFrom(0.3, 1, 2.5), burst: fc.integer({ min: 1, max: 5 }) };
  fc.assert(
    fc.property(
      fc.record({ ...options, maxKeys: fc.integer({ min: 1, max: 4 }) }),
      fc.array(step, { maxLength: 60 }),
      (options, steps) => {
        const { at, made, take } = limiter(options);
        const taken = new Map<number, number[]>();
        let [now, elapsed] = [0, 0];
        for (const { key, count, pause } of steps) {
          at((now += pause) / 1000);
          elapsed += Math.max(0, pause) / 1000;
          const through = Array<number>(take(String(key), count)).fill(elapsed);
          const all = [...taken.get(key) ?? [], ...through];
          taken.set(key, all);
          // over any stretch, not only from the beginning
          all.forEach((begin, i) => {
            const most = options.burst + options.perSecond * (elapsed - begin) + 1e-5;
            assert.ok(all.length - i <= most, `${all.length - i} of ${most}`);
          });
          assert.ok(made.size <= options.maxKeys);
        }
      },
    ),
    { seed: 4, numRuns: 1000 },
  );
});

test.run();
