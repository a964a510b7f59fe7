import { rowOf, type SpecOf } from '../options/method-table';
import { barsAndStripesMethod } from './bars-and-stripes';
import { checkerboardMethod } from './checkerboard';
import { csvMethod } from './csv';
import { customMethod } from './custom';
import type { DataMethod } from './data-method';
import { eightGaussiansMethod } from './eight-gaussians';
import { gaussianMixtureMethod } from './gaussian-mixture';
import { idxMethod } from './idx';
import { imagesMethod } from './images';
import { isingMethod } from './ising';
import { npyMethod } from './npy';
import { npzMethod } from './npz';
import { parquetMethod } from './parquet';
import { pinwheelMethod } from './pinwheel';
import { pottsMethod } from './potts';
import { ringsMethod } from './rings';
import { safetensorsMethod } from './safetensors';
import { spiralsMethod } from './spirals';
import { swissRollMethod } from './swiss-roll';
import { twoMoonsMethod } from './two-moons';

/** Every data source: to add one, write its file and name it here. */
export const dataMethods = {
  twoMoons: twoMoonsMethod,
  eightGaussians: eightGaussiansMethod,
  rings: ringsMethod,
  checkerboard: checkerboardMethod,
  pinwheel: pinwheelMethod,
  spirals: spiralsMethod,
  swissRoll: swissRollMethod,
  gaussianMixture: gaussianMixtureMethod,
  barsAndStripes: barsAndStripesMethod,
  ising: isingMethod,
  potts: pottsMethod,
  csv: csvMethod,
  npy: npyMethod,
  npz: npzMethod,
  idx: idxMethod,
  safetensors: safetensorsMethod,
  images: imagesMethod,
  parquet: parquetMethod,
  custom: customMethod,
};

/** What any function of `data` makes. */
export type DataSpec = SpecOf<typeof dataMethods>;

/** The row of the table that made `spec`. @internal */
export function dataMethod(spec: DataSpec): DataMethod<DataSpec, unknown> {
  return rowOf(dataMethods, spec.type);
}
