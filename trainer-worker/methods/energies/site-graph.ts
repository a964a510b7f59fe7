import { OptionError } from '../options/option-error';

/** Two sites that interact, numbered from 0. */
export type Edge = readonly [number, number];

/** Pairs of neighbours on a square lattice, sites row by row. */
export function latticeEdges(rows: number, columns: number, isPeriodic: boolean): Edge[] {
  const edges: Edge[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const site = row * columns + column;
      // Around a side of two sites a neighbour would be one twice.
      if (column + 1 < columns) edges.push([site, site + 1]);
      else if (isPeriodic && columns > 2) edges.push([row * columns, site]);
      if (row + 1 < rows) edges.push([site, site + columns]);
      else if (isPeriodic && rows > 2) edges.push([column, site]);
    }
  }
  return edges;
}

/**
 * Checks edges that a user wrote.
 *
 * @param energy what the user called, for messages
 * @throws OptionError that names the first wrong one
 */
export function requireEdges(energy: string, edges: readonly Edge[], sites: number): void {
  const seen = new Set<string>();
  edges.forEach(([a, b], index) => {
    const wrong = (why: string) =>
      new OptionError(
        `${energy}: edges[${index}], [${a}, ${b}], ${why}.`,
        'List each pair of interacting numbers once, as [i, j] counted from 0.',
        ['edges', index],
      );
    if (Math.max(a, b) >= sites) throw wrong(`names a number that data of ${sites} do not have`);
    if (a === b) throw wrong('is of a number with itself');
    const key = `${Math.min(a, b)} ${Math.max(a, b)}`;
    if (seen.has(key)) throw wrong('is there already');
    seen.add(key);
  });
}

/** Sites in groups of which no two interact, so that each group can be drawn at once given the others. */
export interface ColouredSites {
  /** Each site once: those of the first colour, then those of the second, … */
  readonly order: readonly number[];
  /** Where each site is in that order. */
  readonly places: readonly number[];
  /** For each colour its sites, and for each of them its neighbours and the edges to them. */
  readonly colours: readonly (readonly Site[])[];
}

export interface Site {
  readonly site: number;
  readonly neighbours: readonly { readonly site: number; readonly edge: number }[];
}

/** Colours sites one after the other with the first colour that no neighbour has (greedy colouring). */
export function colouredSites(edges: readonly Edge[], sites: number): ColouredSites {
  const neighbours = Array.from({ length: sites }, (): { site: number; edge: number }[] => []);
  edges.forEach(([a, b], edge) => {
    neighbours[a]!.push({ site: b, edge });
    neighbours[b]!.push({ site: a, edge });
  });
  const colourOf = new Int32Array(sites).fill(-1);
  const colours: Site[][] = [];
  for (let site = 0; site < sites; site++) {
    const taken = new Set(neighbours[site]!.map((other) => colourOf[other.site]!));
    let colour = 0;
    while (taken.has(colour)) colour++;
    colourOf[site] = colour;
    colours[colour] ??= [];
    colours[colour]!.push({ site, neighbours: neighbours[site]! });
  }
  const order = colours.flatMap((all) => all.map(({ site }) => site));
  const places = new Array<number>(sites);
  order.forEach((at, place) => {
    places[at] = place;
  });
  return { order, places, colours };
}
