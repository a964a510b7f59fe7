import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { data } from 'ebm-lab';
import { type DataSpec, dataMethod } from '../../trainer-worker/methods/data';

type Point = readonly [number, number];

async function draw(spec: DataSpec, seed = 0): Promise<Point[]> {
  const set = await dataMethod(spec).load(spec, { directory: '', seed });
  const training = set.training.subarray();
  return Array.from({ length: training.length / 2 }, (_, i) => [
    training[2 * i]!,
    training[2 * i + 1]!,
  ]);
}

/** Mean of -log p over the points, and its standard error. */
function crossEntropy(points: readonly Point[], logDensity: (point: Point) => number) {
  const values = points.map((point) => -logDensity(point));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, error: Math.sqrt(square / values.length) };
}

function gaussian(distance2: number, deviation: number): number {
  return Math.exp(-distance2 / (2 * deviation ** 2)) / (2 * Math.PI * deviation ** 2);
}

/** Density of Gaussian noise around a curve `t ↦ point`, t uniform in [0, 1). */
function aroundCurve([x, y]: Point, deviation: number, curve: (t: number) => Point): number {
  const nodes = 400;
  let sum = 0;
  for (let i = 0; i < nodes; i++) {
    const [a, b] = curve((i + 0.5) / nodes);
    sum += gaussian((x - a) ** 2 + (y - b) ** 2, deviation);
  }
  return sum / nodes;
}

// If the points came from another density q than p, -mean log p would exceed the entropy of p or
// fall below it by more than the standard error allows; 4 of them is the tolerance throughout.
describe('the entropy of a toy distribution', () => {
  test('of two moons is 2.394 nats', async () => {
    const points = await draw(data.twoMoons({ samples: 10_000 }));
    const { mean, error } = crossEntropy(points, (point) => {
      const upper = aroundCurve(point, 0.2, (t) => [
        2 * Math.cos(Math.PI * t) - 1,
        2 * Math.sin(Math.PI * t) - 0.5,
      ]);
      const lower = aroundCurve(point, 0.2, (t) => [
        1 - 2 * Math.cos(Math.PI * t),
        0.5 - 2 * Math.sin(Math.PI * t),
      ]);
      return Math.log((upper + lower) / 2);
    });
    assert.ok(Math.abs(mean - 2.394) < 4 * error, `${mean} ± ${error}`);
  });

  test('of eight Gaussians is 2.832 nats', async () => {
    const points = await draw(data.eightGaussians({ samples: 40_000 }));
    const { mean, error } = crossEntropy(points, ([x, y]) => {
      let sum = 0;
      for (let k = 0; k < 8; k++) {
        const angle = (k * Math.PI) / 4;
        const [a, b] = [(4 / Math.SQRT2) * Math.cos(angle), (4 / Math.SQRT2) * Math.sin(angle)];
        sum += gaussian((x - a) ** 2 + (y - b) ** 2, 0.5 / Math.SQRT2) / 8;
      }
      return Math.log(sum);
    });
    assert.ok(Math.abs(mean - 2.832) < 4 * error, `${mean} ± ${error}`);
  });

  test('of rings is 2.623 nats', async () => {
    const points = await draw(data.rings({ samples: 10_000 }));
    const { mean, error } = crossEntropy(points, (point) => {
      let sum = 0;
      for (const radius of [0.75, 1.5, 2.25, 3]) {
        sum += aroundCurve(point, 0.08, (t) => [
          radius * Math.cos(2 * Math.PI * t),
          radius * Math.sin(2 * Math.PI * t),
        ]);
      }
      return Math.log(sum / 4);
    });
    assert.ok(Math.abs(mean - 2.623) < 4 * error, `${mean} ± ${error}`);
  });
});

test('a checkerboard is uniform on 8 cells', async () => {
  const points = await draw(data.checkerboard({ samples: 32_000 }));
  const cells = new Map<string, number>();
  for (const [x, y] of points) {
    const column = Math.floor(x / 2) + 2;
    const row = Math.floor(y / 2) + 2;
    assert.ok(column >= 0 && column < 4 && row >= 0 && row < 4);
    assert.equal((column + row) % 2, 0);
    cells.set(`${column},${row}`, (cells.get(`${column},${row}`) ?? 0) + 1);
  }
  assert.equal(cells.size, 8);
  // Binomial with p = 1/8.
  for (const count of cells.values()) {
    assert.ok(Math.abs(count - 4000) < 4 * Math.sqrt(32_000 * (1 / 8) * (7 / 8)));
  }
});

test('a pinwheel without noise is one point per arm', async () => {
  const points = await draw(data.pinwheel({ samples: 200, noise: 0, radialNoise: 0, arms: 3 }));
  const expected = [0, 1, 2].map((arm) => (2 * Math.PI * arm) / 3 + 0.25 * Math.E);
  for (const [x, y] of points) {
    assert.ok(
      expected.some((angle) => Math.hypot(x - 2 * Math.cos(angle), y - 2 * Math.sin(angle)) < 1e-5),
    );
  }
});

test('spirals without noise lie on two arms, each the other turned by half a circle', async () => {
  const points = await draw(data.spirals({ samples: 2_000, noise: 0 }));
  let first = 0;
  for (const [x, y] of points) {
    const near = (arm: number) => {
      // The widest offset from the arm is that of the uniform numbers: 0.5/3 in each coordinate.
      for (let angle = 0; angle <= 3 * Math.PI; angle += 0.01) {
        const dx = 3 * arm * x + Math.cos(angle) * angle;
        const dy = 3 * arm * y - Math.sin(angle) * angle;
        if (dx > -0.1 && dx < 0.6 && dy > -0.1 && dy < 0.6) return true;
      }
      return false;
    };
    const one = near(1);
    assert.ok(one || near(-1), `${x}, ${y}`);
    if (one) first++;
  }
  // Half of them, and the few near the centre that fit both arms.
  assert.ok(first > 850 && first < 1300, `${first}`);
});

test('a swiss roll without noise has radius angle/5', async () => {
  for (const [x, y] of await draw(data.swissRoll({ samples: 500, noise: 0 }))) {
    const radius = 5 * Math.hypot(x, y);
    assert.ok(radius >= 1.5 * Math.PI - 1e-4 && radius <= 4.5 * Math.PI + 1e-4);
    assert.ok(Math.abs(5 * x - radius * Math.cos(radius)) < 1e-4);
    assert.ok(Math.abs(5 * y - radius * Math.sin(radius)) < 1e-4);
  }
});

describe('every toy distribution', () => {
  const toys: readonly ((options: {
    samples: number;
    heldOut: number;
    noise?: number;
  }) => DataSpec)[] = [
    data.twoMoons,
    data.eightGaussians,
    data.rings,
    data.checkerboard,
    data.pinwheel,
    data.spirals,
    data.swissRoll,
  ];
  for (const toy of toys) {
    const spec = toy({ samples: 300, heldOut: 100 });
    test(`${spec.type}: the seed decides its rows, and held-out rows are others`, async () => {
      const load = async (seed: number, of = spec) => {
        const { training, heldOut, labels } = await dataMethod(of).load(of, {
          directory: '',
          seed,
        });
        return { training, heldOut, labels };
      };
      const first = await load(0);
      assert.equal(first.training.length, 600);
      assert.equal(first.heldOut.length, 200);
      assert.deepEqual(await load(0), first);
      assert.notDeepEqual((await load(1)).training, first.training);
      assert.notDeepEqual(first.training.subarray(0, 200), first.heldOut);
      const noisier = await load(0, toy({ samples: 300, heldOut: 100, noise: 3 }));
      const spread = (rows: Float32Array) => rows.reduce((sum, x) => sum + x * x, 0);
      assert.ok(spread(noisier.training.subarray()) > spread(first.training.subarray()));
    });
  }
});
