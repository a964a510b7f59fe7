import path from 'node:path';

/** A kind of file that is neither CSV text nor a NumPy array, and how to get such from it. */
interface FileFormat {
  /** With its article. */
  readonly name: string;
  /** How its bytes begin, in one of several ways. */
  readonly begins: readonly string[];
  /** What is also among its first bytes, one of these. */
  readonly has?: readonly string[];
  remedy(file: string): string;
}

const byPandas = (reader: string) => (file: string) => {
  const table = `${path.basename(file, path.extname(file))}.csv`;
  return `Convert it in Python with pandas.${reader}('${path.basename(file)}').to_csv('${table}', index=False), then load data.csv('${table}').`;
};

const byNumpy = (read: string) => (file: string) =>
  `Convert it in Python with numpy.save('rows.npy', ${read.replace('FILE', `'${path.basename(file)}'`)}), an array of numbers, then load data.npy('rows.npy').`;

const unpack = (program: string) => (file: string) =>
  `Unpack it first: ${program} ${path.basename(file)}`;

/** What people have data in, by how it begins; the bytes are read as Latin-1. */
const formats: readonly FileFormat[] = [
  {
    name: 'a Parquet file',
    begins: ['PAR1'],
    remedy: (file) => `Load it with data.parquet('${path.basename(file)}').`,
  },
  { name: 'a Feather file', begins: ['ARROW1\0\0'], remedy: byPandas('read_feather') },
  {
    name: 'an HDF5 file',
    begins: ['\x89HDF\r\n'],
    remedy: (file) =>
      `${byNumpy("h5py.File(FILE)['NAME'][...]")(file)} If pandas wrote it: ${byPandas('read_hdf')(file)}`,
  },
  { name: 'JSON text', begins: ['[{', '{"'], remedy: byPandas('read_json') },
  { name: 'a Stata file', begins: ['<stata_dta>'], remedy: byPandas('read_stata') },
  { name: 'an SPSS file', begins: ['$FL2'], remedy: byPandas('read_spss') },
  {
    name: 'a workbook of Excel',
    begins: ['PK\x03\x04'],
    has: ['[Content_Types].xml', 'xl/'],
    remedy: byPandas('read_excel'),
  },
  {
    name: 'a workbook of Excel',
    begins: ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'],
    remedy: byPandas('read_excel'),
  },
  {
    name: 'a NumPy archive',
    begins: ['PK\x03\x04'],
    has: ['.npy'],
    remedy: (file) => `Load it with data.npy('${path.basename(file)}').`,
  },
  {
    name: 'a NumPy file',
    begins: ['\x93NUMPY'],
    remedy: (file) => `Load it with data.npy('${path.basename(file)}').`,
  },
  {
    name: 'an IDX file',
    begins: [8, 9, 11, 12, 13, 14].flatMap((type) =>
      [1, 2, 3, 4].map((dimensions) => `\0\0${String.fromCharCode(type, dimensions)}`),
    ),
    remedy: (file) => `Load it with data.idx('${path.basename(file)}').`,
  },
  {
    name: 'an image',
    begins: ['\x89PNG\r\n', '\xff\xd8\xff'],
    remedy: () => 'Name its folder, and load all images there with data.images.',
  },
  { name: 'a ZIP archive', begins: ['PK\x03\x04'], remedy: unpack('unzip') },
  { name: 'packed by bzip2', begins: ['BZh'], has: ['1AY&SY'], remedy: unpack('bunzip2 -k') },
  { name: 'packed by xz', begins: ['\xfd7zXZ\0'], remedy: unpack('unxz -k') },
  { name: 'packed by zstd', begins: ['\x28\xb5\x2f\xfd'], remedy: unpack('unzstd') },
  {
    name: 'a pickle',
    begins: ['\x80\x02', '\x80\x03', '\x80\x04', '\x80\x05'],
    remedy: byPandas('read_pickle'),
  },
  {
    name: 'a MATLAB file',
    begins: ['MATLAB 5.0'],
    remedy: byNumpy("scipy.io.loadmat(FILE)['x']"),
  },
  {
    name: 'an SQLite database',
    begins: ['SQLite format 3\0'],
    remedy: (file) =>
      `Write its table as CSV: sqlite3 -header -csv ${path.basename(file)} 'select * from TABLE'`,
  },
  {
    name: 'a pointer of Git LFS, not the data',
    begins: ['version https://git-lfs'],
    remedy: () => 'Fetch the data with git lfs pull.',
  },
  {
    name: 'a page of HTML',
    begins: ['<!doctype html', '<html'],
    remedy: () => 'Download the file itself; this is what a server said instead.',
  },
];

/** What a file is that begins with `head`, where it is one of these; `undefined` where it may be text. */
export function foreignFormat(head: Uint8Array, file: string) {
  const text = Buffer.from(head.subarray(0, 512)).toString('latin1');
  const begun = text.trimStart().toLowerCase();
  const format = formats.find(
    ({ begins, has }) =>
      begins.some((bytes) => text.startsWith(bytes) || begun.startsWith(bytes)) &&
      (has === undefined || has.some((bytes) => text.includes(bytes))),
  );
  return format && { name: format.name, remedy: format.remedy(file) };
}
