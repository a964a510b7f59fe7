/** Which sites of a model interact: what energies of sites have in common of options. */
import * as z from 'zod';
import { integer } from '../options/numbers';
import { OptionError } from '../options/option-error';
import { type Edge, latticeEdges, requireEdges } from './site-graph';

/** Which pairs of sites interact. */
export interface SiteOptions {
  /**
   * Rows and columns of a square lattice, whose neighbours interact; the data have a site for each place,
   * row by row. Default `null`: there is no lattice.
   */
  readonly lattice?: readonly [rows: number, columns: number] | null;
  /** Whether the lattice wraps around its sides. Default `false`. */
  readonly periodic?: boolean;
  /** The pairs that interact, `[[0, 1], [1, 2], …]`, counted from 0. Default `null`: all pairs do. */
  readonly edges?: readonly (readonly [number, number])[] | null;
}

const side = integer(1, 4096);
const site = integer(0, 2 ** 24);

/** The schemas of {@link SiteOptions}. @internal */
export const siteFields = {
  lattice: z.tuple([side, side]).nullable().default(null),
  periodic: z.boolean().default(false),
  edges: z
    .array(z.tuple([site, site]))
    .min(1)
    .nullable()
    .default(null),
};

/** Refuses options that contradict each other. @internal */
export function withSiteChecks<Spec extends Required<SiteOptions>>(
  schema: z.ZodType<Spec>,
): z.ZodType<Spec> {
  return schema
    .refine(({ lattice, edges }) => lattice === null || edges === null, {
      error: "'lattice' and 'edges' both say which pairs interact.",
      path: ['edges'],
      params: { remedy: 'Leave one of them out.' },
    })
    .refine(({ lattice, periodic }) => lattice !== null || !periodic, {
      error: "'periodic' is about a lattice, and there is none.",
      path: ['periodic'],
      params: { remedy: 'Give lattice: [rows, columns], or leave periodic out.' },
    });
}

/**
 * The pairs that interact; `undefined` where all do.
 *
 * @param energy what the user called, for messages
 * @param sites of the data
 * @param called what the data call one of them: `number`
 * @throws OptionError where they are not of data of so many sites
 */
export function edgesOf(
  energy: string,
  { lattice, periodic, edges }: Required<SiteOptions>,
  sites: number,
  called: string,
): readonly Edge[] | undefined {
  if (lattice !== null) {
    const [rows, columns] = lattice;
    if (rows * columns === sites) return latticeEdges(rows, columns, periodic);
    throw new OptionError(
      `${energy}: a lattice of ${rows} x ${columns} has ${rows * columns} sites, and the data have ${sites} ${called}.`,
      'Give the rows and columns of the data.',
      ['lattice'],
    );
  }
  if (edges === null) return undefined;
  requireEdges(energy, edges, sites);
  return edges;
}
