import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Where Linux's loader looks beside its cache (ld.so(8)), and CUDA's usual place. */
const linuxFolders = ['/lib', '/usr/lib', '/lib64', '/usr/lib64', '/usr/local/cuda/lib64'];
/** Debian and its kin have a folder for each kind of machine. */
const multiarch = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' } as const;

/** Libraries of CUDA, cuDNN, NVIDIA's driver, TensorRT and Vulkan, as Linux and Windows name them. */
const linuxName = /^lib(cu|nv|vulkan|tensorflow|GLX_nvidia)[^/]*\.so/;
const windowsName = /^(cu|nv|vulkan|zlibwapi|tensorflow)[^\\]*\.dll$/i;

/** Where Vulkan's loader looks for the files that name drivers. */
const vulkanFolders = [
  '/etc/vulkan/icd.d',
  '/usr/share/vulkan/icd.d',
  '/usr/local/share/vulkan/icd.d',
];

/**
 * The files from which a process would load CUDA, cuDNN and drivers, as far as the system names them:
 * what a backend's answer depends on beside its own. Takes some milliseconds.
 */
export function gpuLibraries(): string[] {
  const { platform, env } = process;
  if (platform === 'win32') return librariesIn(foldersOf(env['PATH'] ?? env['Path']), windowsName);
  if (platform !== 'linux') return [];
  const usual = multiarch[process.arch as keyof typeof multiarch];
  const folders = [
    ...foldersOf(env['LD_LIBRARY_PATH']),
    ...linuxFolders,
    ...(usual === undefined ? [] : [`/lib/${usual}`, `/usr/lib/${usual}`]),
  ];
  // Whoever installs a library for all has the loader's cache written.
  return ['/etc/ld.so.cache', ...librariesIn(folders, linuxName), ...vulkanDrivers()];
}

const foldersOf = (text = '') => text.split(path.delimiter).filter((folder) => folder !== '');

function librariesIn(folders: readonly string[], name: RegExp): string[] {
  return [...new Set(folders)].flatMap((folder) =>
    list(folder)
      .filter((file) => name.test(file))
      .map((file) => path.join(folder, file)),
  );
}

/** The files that name Vulkan drivers, and the libraries that they name by a path. */
function vulkanDrivers(): string[] {
  const { env } = process;
  const named = foldersOf([env['VK_DRIVER_FILES'], env['VK_ICD_FILENAMES']].join(path.delimiter));
  const installed = vulkanFolders.flatMap((folder) =>
    list(folder).map((file) => path.join(folder, file)),
  );
  return [...named, ...installed].flatMap((file) => {
    const library = /"library_path"\s*:\s*"([^"]*\/[^"]*)"/.exec(text(file))?.[1];
    return [file, ...(library ? [path.resolve(path.dirname(file), library)] : [])];
  });
}

const text = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '');

/** What a folder holds, or nothing where there is none. */
function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
