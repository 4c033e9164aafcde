import { test } from "uvu";
import * as assert from "uvu/assert";
import { concat, fromHex } from "../../../src/bytes.ts";
import { type Curve, CURVES, isWeakEd25519Point, pointFault } from "../../../src/x509/curve.ts";
import { hex } from "../support.ts";

/** Base points: SEC 2 §2.4.2, §2.5.1, §2.6.1. */
const BASE: Readonly<Record<Curve["name"], readonly [string, string]>> = {
  "P-256": [
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
  ],
  "P-384": [
    "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
    "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
  ],
  "P-521": [
    "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
    "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
  ],
};

const padded = (value: bigint, size: number): Uint8Array => fromHex(value.toString(16).padStart(size * 2, "0"));

for (const curve of CURVES) {
  const [x, y] = BASE[curve.name].map((digits) => BigInt(`0x${digits}`));
  const point = (form: number, px = x ?? 0n, py = y ?? 0n): Uint8Array =>
    concat([Uint8Array.of(form), padded(px, curve.size), padded(py, curve.size)]);

  test(`R39 pointFault judges points of ${curve.name}`, () => {
    assert.is(pointFault(curve, point(4)), undefined);
    assert.is(pointFault(curve, point(4, x, curve.p - (y ?? 0n))), undefined, "the point on the other side");
    for (const form of [2, 3]) {
      assert.is(pointFault(curve, concat([Uint8Array.of(form), padded(x ?? 0n, curve.size)])), "point is compressed");
    }
    const shapes = [
      hex(""),
      hex("00"),
      hex("04"),
      point(6),
      point(7),
      point(4).subarray(1),
      concat([point(4), hex("00")]),
    ];
    for (const shape of [...shapes, point(4).subarray(0, -1), point(0), point(0x84)]) {
      assert.is(pointFault(curve, shape), "point is no uncompressed point of the curve", `${shape}`);
    }
    for (const off of [point(4, x, (y ?? 0n) + 1n), point(4, (x ?? 0n) ^ 1n), point(4, 0n, 0n), point(4, y, x)]) {
      assert.is(pointFault(curve, off), "point is not on the curve");
    }
    assert.is(pointFault(curve, point(4, curve.p, y)), "coordinate of the point is out of range");
    assert.is(pointFault(curve, point(4, x, curve.p)), "coordinate of the point is out of range");
    if (curve.size < 66) return;
    // the same point, written with a coordinate that is p too large
    assert.is(pointFault(curve, point(4, (x ?? 0n) + curve.p)), "coordinate of the point is out of range");
  });
}

test("R41 isWeakEd25519Point knows the points of small order and the encodings that are not canonical", () => {
  const ff = "ff".repeat(30);
  const weak = [
    "00".repeat(32),
    `${"00".repeat(31)}80`,
    `01${"00".repeat(31)}`,
    `01${"00".repeat(30)}80`,
    `ec${ff}7f`,
    `ec${ff}ff`,
    `ed${ff}7f`,
    `ee${ff}7f`,
    `ff${ff}ff`,
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  ];
  for (const point of weak) assert.ok(isWeakEd25519Point(hex(point)), point);
  const strong = [
    `58${"66".repeat(31)}`,
    `02${"00".repeat(31)}`,
    `eb${ff}7f`,
    `ed${"ff".repeat(29)}fe7f`,
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
  ];
  for (const point of strong) assert.not(isWeakEd25519Point(hex(point)), point);
});

test.run();
